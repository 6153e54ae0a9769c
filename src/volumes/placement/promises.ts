import type { Snapshot, Volume } from '../../model/kinds/moorage.ts';
import { bytesOf } from '../../model/quantity.ts';
import type { Promised } from './ledger.ts';

/** The volume's key in the ledger. */
export function volumeKey(volume: Volume): string {
  return `volume/${volume.metadata.uid}`;
}

/** The snapshot's key in the ledger. */
export function snapshotKey(snapshot: Snapshot): string {
  return `snapshot/${snapshot.metadata.uid}`;
}

/** The key in the ledger of a volume that is not written down yet. */
export function wishKey(name: string): string {
  return `wish/${name}`;
}

/** What a pool keeps for the volume: what it has been given. */
export function volumePromise({ spec, status }: Volume): Promised | undefined {
  return status?.placement && { pool: status.placement.pool, bytes: bytesOf(status.size ?? spec.size) };
}

/**
 * What a pool will have to keep for the volume, as far as anybody knows: also what it is about to be given, or to
 * grow to, unless that was refused.
 */
export function volumeOutlook(volume: Volume): Promised | undefined {
  const { spec, status } = volume;
  const refused = status?.phase === 'Failed' || (status?.refusals ?? []).length > 0;
  const given = volumePromise(volume);
  if (refused) return given;
  const pool = status?.placement?.pool ?? spec.pool;
  if (pool === undefined) return undefined;
  const wished = bytesOf(spec.size);
  return { pool, bytes: given && given.bytes > wished ? given.bytes : wished };
}

/** A snapshot holds what was used when it was taken: so much may stay when its volume is overwritten. */
export function snapshotPromise({ status }: Snapshot): Promised | undefined {
  return status?.placement && { pool: status.placement.pool, bytes: bytesOf(status.used ?? '0') };
}
