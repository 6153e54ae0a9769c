import type { Api } from '../api/api.ts';
import { pools, type Snapshot, type Volume, volumes } from '../model/kinds/moorage.ts';

/**
 * The node whose agent answers for the volume, and for its finalizer: the one that has its bytes, or else the one of
 * the pool that it names. Undefined if no agent does: then the placement controller does, in the leader.
 */
export function nodeOfVolume(api: Api, { spec, status }: Volume): string | undefined {
  if (status?.placement) return status.placement.node;
  return spec.pool === undefined ? undefined : api.informer(pools).get({ name: spec.pool })?.spec.node;
}

/** The node whose agent answers for the snapshot: the one that has it, or else the one that has its volume. */
export function nodeOfSnapshot(api: Api, { spec, status }: Snapshot): string | undefined {
  if (status?.placement) return status.placement.node;
  const volume = api.informer(volumes).get({ name: spec.volume });
  return volume && nodeOfVolume(api, volume);
}
