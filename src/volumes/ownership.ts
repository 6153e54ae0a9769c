import type { Api } from '../api/api.ts';
import { type Pool, pools, type Snapshot, type Volume, volumes } from '../model/kinds/moorage.ts';

/** Which process works on an object, and so on its finalizer. */
export interface Owner {
  /** The node whose agent does; undefined if none does: then it is for the one process that leads. */
  readonly node: string | undefined;
  /** Whether something of it is there already: then nobody else can. */
  readonly settled: boolean;
}

/** A process that works on objects. */
export interface Worker {
  /** The node that it is the agent of. */
  readonly node: string;
  /** Whether it is the only one, as on one machine: then it leads as well, and what is nowhere yet is for it. */
  readonly sole: boolean;
}

/** A pool that names its node is for that node's agent alone. */
export function ownerOfPool({ spec: { node } }: Pool): Owner {
  return { node, settled: node !== undefined };
}

/** The agent of the node that has the volume's bytes, or else that of the pool that it names. */
export function ownerOfVolume(api: Api, { spec, status }: Volume): Owner {
  if (status?.placement) return { node: status.placement.node, settled: true };
  const named = spec.pool === undefined ? undefined : api.informer(pools).get({ name: spec.pool });
  return { node: named?.spec.node, settled: false };
}

/** The agent of the node that has the snapshot, or else the owner of its volume. */
export function ownerOfSnapshot(api: Api, { spec, status }: Snapshot): Owner {
  if (status?.placement) return { node: status.placement.node, settled: true };
  const volume = api.informer(volumes).get({ name: spec.volume });
  return volume ? ownerOfVolume(api, volume) : { node: undefined, settled: false };
}

/** Whether the process works on what has that owner. */
export function answersFor({ node, sole }: Worker, owner: Owner): boolean {
  return owner.node === node || (sole && !owner.settled);
}
