import { lstat } from 'node:fs/promises';
import type { Api } from '../../api/api.ts';
import type { Artifact } from '../../engines/engine.ts';
import { sleep } from '../../lib/clock.ts';
import { isCode, messageOf } from '../../lib/errors.ts';
import {
  type Mount,
  mounts,
  persistentVolumeClaims,
  persistentVolumes,
  pools,
  snapshots,
  volumeSnapshotContents,
  volumeSnapshots,
  volumes,
} from '../../model/kinds/index.ts';
import { canonical, readMounts } from '../../node/mountinfo.ts';
import type { NodeStorage } from '../agent/node-storage.ts';
import { type NodeRecord, openNodeRecords } from '../node-record.ts';
import { compareBytes, type Objects } from './bytes.ts';
import { confirmed, type Finding } from './finding.ts';
import { compareLinks, type Links, needsOf } from './links.ts';
import { comparePlaces } from './places.ts';

/** Milliseconds after which what may have been seen in the middle of something is looked at once more. */
export const secondLook = 1_000;

/** Each difference on this node, and, where this process answers for everything, of the objects among each other. */
export async function look(storage: NodeStorage): Promise<Finding[]> {
  const first = await lookOnce(storage);
  if (!first.some(({ momentary }) => momentary)) return first;
  await sleep(secondLook);
  return confirmed(first, await lookOnce(storage));
}

async function lookOnce(storage: NodeStorage): Promise<Finding[]> {
  const { api, engine, node, dataDir, lastLoss, sole } = storage.options;
  const objects = (): Objects => ({
    volumes: [...api.informer(volumes).list()],
    snapshots: [...api.informer(snapshots).list()],
  });
  const before = objects();
  const names = engine.pools.list().filter((name) => api.informer(pools).get({ name }));
  const shelves = await Promise.all(names.map((name) => listPool(engine.volumes, name)));
  const openPools = shelves.flatMap(({ pool, problem }) => (problem ? [] : [pool]));
  const artifacts = shelves.flatMap((shelf) => shelf.artifacts);
  const attachments = await engine.node.attachments();
  const { records, damaged } = await readRecords(dataDir);
  const mounted = sole ? [...api.informer(mounts).list()].filter((it) => isOn(it, node)) : [];
  const isThere = await lookAt([
    ...records.flatMap(({ staging, published }) => [staging, ...published.map(({ target }) => target)]),
    ...mounted.map(({ spec }) => spec.path),
  ]);
  const after = objects();
  const staged = records.map(({ volume }) => volume);
  const devicePools = openPools.filter((name) => {
    const state = storage.pool(name);
    return state?.ready && state.features.block;
  });
  const links = sole ? seenLinks(api) : undefined;
  const neededBy = links && needsOf(links);
  const places = { node, devicePools, attachments, records, damaged, mounts: mounted, isThere };
  return [
    ...shelves.flatMap(({ pool, problem }) => (problem ? [unreadable(pool, problem)] : [])),
    ...compareBytes({
      node,
      before,
      after,
      openPools,
      artifacts,
      attachments,
      staged,
      lastLoss,
      ...(neededBy && { neededBy }),
    }),
    ...comparePlaces({ ...places, volumes: after.volumes }),
    ...(links ? compareLinks(links) : []),
  ];
}

/** The objects that stand for each other, as the views of this process show them. */
function seenLinks(api: Api): Links {
  return {
    claims: [...api.informer(persistentVolumeClaims).list()],
    persistentVolumes: [...api.informer(persistentVolumes).list()],
    volumes: [...api.informer(volumes).list()],
    volumeSnapshots: [...api.informer(volumeSnapshots).list()],
    contents: [...api.informer(volumeSnapshotContents).list()],
    snapshots: [...api.informer(snapshots).list()],
    now: Date.now(),
  };
}

interface Shelves {
  readonly pool: string;
  readonly artifacts: readonly Artifact[];
  readonly problem?: string;
}

/** One pool that can't be read must not hide what is in the others. */
async function listPool(engine: { list(pool: string): Promise<readonly Artifact[]> }, pool: string): Promise<Shelves> {
  try {
    return { pool, artifacts: await engine.list(pool) };
  } catch (error) {
    return { pool, artifacts: [], problem: messageOf(error) };
  }
}

function unreadable(name: string, problem: string): Finding {
  return { kind: 'Mismatch', what: 'Pool', name, message: `pool ${name} can't be looked into: ${problem}` };
}

async function readRecords(dataDir: string): Promise<{ records: NodeRecord[]; damaged: string[] }> {
  const files = openNodeRecords(dataDir);
  const records: NodeRecord[] = [];
  const damaged: string[] = [];
  for (const name of await files.names()) {
    try {
      const record = await files.load(name);
      if (record) records.push(record);
    } catch (error) {
      if (!isCode(error, 'corrupted')) throw error;
      damaged.push(name);
    }
  }
  return { records, damaged };
}

function isOn({ status, spec }: Mount, node: string): boolean {
  return (status?.node ?? spec.node ?? node) === node;
}

/** Looks at all paths at once: whether something is mounted there, or a symbolic link is, as an ordinary user has it. */
async function lookAt(paths: readonly string[]): Promise<(path: string) => boolean> {
  const mounted = new Set((await readMounts()).map(({ target }) => target));
  const there = new Set<string>();
  await Promise.all(
    [...new Set(paths)].map(async (path) => {
      if (mounted.has(path) || mounted.has(await canonical(path))) there.add(path);
      else if ((await lstat(path).catch(() => undefined))?.isSymbolicLink()) there.add(path);
    }),
  );
  return (path) => there.has(path);
}
