import { readdir, realpath } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Api } from '../../../api/api.ts';
import { diskLink, findMarker, type Marker, markerName } from '../../../engines/shelves/marks/marker.ts';
import { fail, isCode, MoorageError } from '../../../lib/errors.ts';
import {
  adoptAnnotation,
  claimAnnotation,
  driverName,
  firstPoolMark,
  nodes,
  type PersistentVolume,
  type Pool,
  persistentVolumes,
  pools,
  snapshots,
  storageClasses,
  type Volume,
  volumes,
} from '../../../model/kinds/index.ts';
import { defaultClassAmong } from '../../../orchestrator/binder/match.ts';
import { connect } from '../../connection.ts';
import { dataDirectory, runningProcess } from '../../flags/data-directory.ts';
import { readTimeout } from '../../objects/claims.ts';
import { waitFor } from '../../objects/wait-for.ts';
import { Progress } from '../../output/progress.ts';
import { table } from '../../output/table.ts';
import type { Call } from '../../verb.ts';
import { readyMessage } from '../../world/problems.ts';

/** The mark of a pool, and the directory that it is in. */
type Mark = Marker & { readonly directory: string };

/** Gives pools that are there by their mark, and what is in them, their objects again. */
export async function adopt({ args, flags, terminal }: Call): Promise<number> {
  const data = dataDirectory(flags.data);
  await using api = await connect(flags);
  const node = await theNode(api);
  using progress = new Progress(terminal, 'looking for pools');
  const marks = [
    ...(await marksBelow(join(data, 'pools'))),
    ...(await Promise.all(args.map((it) => markAt(it, data)))),
  ];
  if (marks.length === 0) {
    fail(
      'not-found',
      `there is no pool below ${join(data, 'pools')}: give the directory of one, or a data directory with --data`,
    );
  }
  const timeout = readTimeout(flags.timeout);
  const storageClass =
    flags.storageClass ?? defaultClassAmong((await api.list(storageClasses)).items)?.metadata.name ?? '';
  const rows: string[][] = [];
  for (const mark of marks) {
    progress.update(`adopting pool ${mark.pool}`);
    const { metadata } = await adoptPool(api, { mark, node, data, timeout });
    const made = await persistentVolumesFor(api, metadata.name, storageClass);
    const held = (await api.list(snapshots)).items.filter(({ status }) => status?.placement?.pool === metadata.name);
    rows.push([metadata.name, mark.directory, String(made.all), String(held.length), String(made.reserved)]);
  }
  progress[Symbol.dispose]();
  terminal.out(table(['pool', 'path', 'volumes', 'snapshots', 'reserved for their claims'], rows, terminal));
  terminal.out(
    'Make your claims again: those whose volumes are reserved have their data. For the rest: kubectl get pv',
  );
  return 0;
}

/** On one machine there is one; in a cluster every node has an agent of its own, which sees its disks alone. */
async function theNode(api: Api): Promise<string> {
  const { items } = await api.list(nodes);
  const mine = items.filter(({ metadata }) => metadata.annotations?.[firstPoolMark]);
  const [first] = mine;
  if (first && mine.length === 1) return first.metadata.name;
  return fail('unsupported', 'pools are adopted where Moorage runs by itself on one machine, not in a cluster');
}

async function marksBelow(directory: string): Promise<readonly Mark[]> {
  const names = await readdir(directory).catch(() => []);
  const found = await Promise.all(names.map((name) => readMark(join(directory, name))));
  return found.filter((it) => it !== undefined);
}

async function markAt(path: string, data: string): Promise<Mark> {
  const directory = await realpath(resolve(path)).catch(() => resolve(path));
  const found = await readMark(directory);
  if (!found) return fail('not-found', `${directory} has no mark of a pool (${markerName})`);
  const other = dirname(dirname(directory));
  const pid = other === data ? undefined : await runningProcess(other);
  if (pid !== undefined) fail('in-use', `${directory} is of a Moorage that runs, as process ${pid}: stop that first`);
  return found;
}

async function readMark(directory: string): Promise<Mark | undefined> {
  const marker = await findMarker(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOTDIR') return undefined;
    if (error instanceof MoorageError) throw error;
    return fail('permission', `reading ${directory}: ${error.message}; run this as the user that runs "moorage up"`);
  });
  return marker && { directory, ...marker };
}

interface PoolToAdopt {
  readonly mark: Mark;
  readonly node: string;
  readonly data: string;
  readonly timeout: number;
}

/** The pool with all that is in it, once that has its objects. */
async function adoptPool(api: Api, { mark, node, data, timeout }: PoolToAdopt): Promise<Pool> {
  const path = await pathOf(mark, data);
  const annotations = { [adoptAnnotation]: mark.uid };
  const { items } = await api.list(pools);
  const same = items.find(({ metadata, spec }) =>
    path === undefined ? metadata.name === mark.pool && spec.path === undefined : spec.path === path,
  );
  const known = items.find(({ metadata }) => metadata.uid === mark.uid) ?? same;
  if (known)
    await api.patch(pools, { name: known.metadata.name }, { type: 'merge', body: { metadata: { annotations } } });
  else {
    const spec = { engine: mark.engine, backend: 'auto', node, preallocate: false, overProvisioning: 1 } as const;
    await api
      .create(pools, {
        apiVersion: 'moorage.dev/v1alpha1',
        kind: 'Pool',
        metadata: { name: mark.pool, annotations },
        spec: { ...spec, ...(path !== undefined && { path }) },
      })
      .catch((error: unknown) => {
        if (!isCode(error, 'already-exists')) throw error;
        fail('already-exists', `there is a pool ${mark.pool} elsewhere: rename it in ${mark.directory}/${markerName}`);
      });
  }
  const name = known?.metadata.name ?? mark.pool;
  const done = await waitFor({
    api,
    kind: pools,
    ref: { name },
    timeout,
    until: (it) => it !== undefined && it.metadata.annotations?.[adoptAnnotation] === undefined,
    late: (last) => readyMessage(last?.status?.conditions) ?? '"moorage status" says more',
  });
  const inPool = (await api.list(volumes)).items.filter(({ spec }) => spec.pool === name);
  for (const { metadata } of inPool) {
    await waitFor({
      api,
      kind: volumes,
      ref: { name: metadata.name },
      timeout,
      until: (it) => it?.status?.phase === 'Ready' || it?.status?.phase === 'Failed',
      late: (last) => readyMessage(last?.status?.conditions) ?? 'it is not ready yet',
    });
  }
  return done ?? fail('not-found', `pool ${name} was deleted meanwhile`);
}

/** What spec.path is to be; undefined for a pool in its own place in the data directory. */
async function pathOf({ directory, ...marker }: Mark, data: string): Promise<string | undefined> {
  const { pool } = marker;
  const isOwn =
    directory === join(await realpath(data).catch(() => data), 'pools', pool) ||
    directory === join(data, 'pools', pool);
  const link = diskLink(marker);
  if (link === undefined) return isOwn ? undefined : directory;
  return realpath(link).catch((cause) =>
    fail('not-found', `pool ${pool} is on a disk that is not there (${link}): plug it in`, cause),
  );
}

/** A PersistentVolume for each volume of the pool that has none: to be found by the claim that it was made for. */
async function persistentVolumesFor(api: Api, pool: string, storageClass: string) {
  const present = new Set((await api.list(persistentVolumes)).items.map(({ spec }) => spec.csi?.volumeHandle));
  const found = (await api.list(volumes)).items.filter(({ status }) => status?.placement?.pool === pool);
  let reserved = 0;
  for (const volume of found) {
    if (volume.metadata.annotations?.[claimAnnotation] !== undefined) reserved += 1;
    if (present.has(volume.metadata.name)) continue;
    await api.create(persistentVolumes, persistentVolumeFor(volume, storageClass)).catch((error: unknown) => {
      if (!isCode(error, 'already-exists')) throw error;
    });
  }
  return { all: found.length, reserved };
}

function persistentVolumeFor({ metadata, spec, status }: Volume, storageClassName: string): PersistentVolume {
  const [namespace, name] = metadata.annotations?.[claimAnnotation]?.split('/') ?? [];
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: metadata.name },
    spec: {
      capacity: { storage: status?.size ?? spec.size },
      accessModes: ['ReadWriteOnce'],
      volumeMode: spec.mode,
      persistentVolumeReclaimPolicy: 'Retain',
      storageClassName,
      csi: { driver: driverName, volumeHandle: metadata.name },
      ...(namespace && name && { claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name } }),
    },
  };
}
