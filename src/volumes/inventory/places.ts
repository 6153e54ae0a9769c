import type { Attachment } from '../../engines/engine.ts';
import { type Mount, mounts, type Volume } from '../../model/kinds/moorage.ts';
import { isDeleting, keyOf, refTo } from '../../model/object.ts';
import type { NodeRecord } from '../node-record.ts';
import type { Finding } from './finding.ts';

/** What is said to be attached and mounted on this node, and what is. */
export interface Places {
  readonly node: string;
  readonly volumes: readonly Volume[];
  /** The open pools whose volumes are devices when they are attached. */
  readonly devicePools: readonly string[];
  readonly attachments: readonly Attachment[];
  /** What the CSI driver was asked to do here. */
  readonly records: readonly NodeRecord[];
  /** Names of records that can't be read. */
  readonly damaged: readonly string[];
  /** Mounts of this node; none in a cluster. */
  readonly mounts: readonly Mount[];
  /** Whether something is mounted at a path, or is a symbolic link there. */
  readonly isThere: (path: string) => boolean;
}

/** Compares what should be attached and mounted with what is, and names each that is not. Pure. No remedies. */
export function comparePlaces(places: Places): Finding[] {
  const records = new Map(places.records.map((record) => [record.volume, record]));
  const devices = Map.groupBy(
    places.attachments.filter(({ kind, deleted }) => kind === 'volume' && !deleted),
    ({ name }) => name,
  );
  return [
    ...places.damaged.map((name) => damagedRecord(name)),
    ...places.volumes.flatMap((volume) => ofVolume(places, volume, devices.get(volume.metadata.name) ?? [], records)),
    ...places.records.flatMap((record) => ofRecord(places, record)),
    ...places.mounts.flatMap((mount) => ofMount(places, mount)),
  ];
}

const again = 'unmount it and mount it again, or start Moorage again, which puts it back';

function ofVolume(
  { node, devicePools }: Places,
  { metadata: { name }, status }: Volume,
  devices: readonly Attachment[],
  records: ReadonlyMap<string, NodeRecord>,
): Finding[] {
  const { pool = '', node: home } = status?.placement ?? {};
  if (home !== node || !devicePools.includes(pool)) return [];
  if (!status?.attachments?.some((it) => it.node === node)) return [];
  const here = devices.filter((it) => it.pool === pool);
  if (here.length === 0) {
    const message = `Volume ${name} says that it is attached to node ${node}, and no device is over its bytes; ${again}`;
    return [mismatch('Volume', name, message)];
  }
  const targets = here.flatMap((it) => it.targets);
  if (records.has(name) || targets.length === 0) return [];
  const message = `Volume ${name} is mounted at ${targets.join(' and ')}, and this node has no record of having staged it: unmount these by hand when nobody uses them`;
  return [mismatch('NodeRecord', name, message)];
}

/** What was published was staged before, so a record that names a target speaks of something that was done. */
function ofRecord({ volumes, devicePools, mounts: wished, isThere }: Places, record: NodeRecord): Finding[] {
  const { volume: name, pool, mode, staging, published } = record;
  if (published.length === 0 || !volumes.some(({ metadata }) => metadata.name === name)) return [];
  const own = new Set(wished.map(({ spec }) => spec.path));
  const targets = published.map(({ target }) => target).filter((target) => !own.has(target));
  const missing = targets.filter((target) => !isThere(target));
  const staged = mode === 'Block' || !devicePools.includes(pool) || isThere(staging);
  return [...(staged ? [] : [staging]), ...missing].map((path) =>
    mismatch('Mount', path, `Volume ${name} should be mounted at ${path}, and nothing is mounted there; ${again}`),
  );
}

function ofMount({ isThere }: Places, mount: Mount): Finding[] {
  const { path, claim } = mount.spec;
  if (mount.status?.phase !== 'Mounted' || isDeleting(mount) || isThere(path)) return [];
  const name = keyOf(refTo(mount));
  const message = `${mounts.kind} ${name} of claim ${claim} says that it is mounted, and nothing is mounted at ${path}; ${again}`;
  return [mismatch('Mount', name, message)];
}

function damagedRecord(name: string): Finding {
  const message = `this node's record of ${name} can't be understood: look at node/${name}.json in the data directory, and move it away`;
  return { kind: 'Mismatch', what: 'NodeRecord', name, message };
}

function mismatch(what: string, name: string, message: string): Finding {
  return { kind: 'Mismatch', what, name, message, momentary: true };
}
