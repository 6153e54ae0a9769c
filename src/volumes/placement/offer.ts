import type { PoolFeatures } from '../../engines/engine.ts';
import type { Pool } from '../../model/kinds/moorage.ts';
import { bytesOf } from '../../model/quantity.ts';
import type { PoolOffer } from './place.ts';

/** What of a pool nobody can know from the object alone. */
export type KnownOfPool = Pick<
  PoolOffer,
  'node' | 'notReady' | 'features' | 'total' | 'available' | 'promised' | 'cordoned'
>;

/** Hundredths of the capacity that are never promised where the spec says nothing. */
const reserved = 5n;

/** What a pool has to give: what its object says, and what is known of it. */
export function offerOf({ metadata, spec }: Pool, known: KnownOfPool): PoolOffer {
  return {
    ...known,
    pool: metadata.name,
    labels: metadata.labels,
    notReady: known.notReady ?? (metadata.deletionTimestamp ? 'it is being deleted' : undefined),
    overProvisioning: spec.overProvisioning,
    reserve: spec.reserve === undefined ? (known.total * reserved) / 100n : bytesOf(spec.reserve),
  };
}

/**
 * What a pool has to give as whoever opened it wrote it down: for the leader, and for people. `more` is what they know
 * beyond that; without a sum of what is promised, the one that is written counts.
 */
export function writtenOffer(
  pool: Pool,
  more: Pick<PoolOffer, 'notReady' | 'cordoned'> & { readonly promised?: bigint },
): PoolOffer {
  const figures = pool.status?.nodes?.find(({ node }) => node === pool.spec.node) ?? pool.status?.nodes?.[0];
  const free = bytesOf(figures?.free ?? '0');
  const shared = bytesOf(figures?.shared ?? '0');
  return offerOf(pool, {
    node: pool.spec.node ?? figures?.node ?? '',
    total: bytesOf(figures?.total ?? '0'),
    available: free > shared ? free - shared : 0n,
    promised: more.promised ?? bytesOf(figures?.allocated ?? '0'),
    features: writtenFeatures(pool),
    notReady: more.notReady ?? whyNotReady(pool),
    cordoned: more.cordoned,
  });
}

function whyNotReady({ status }: Pool): string | undefined {
  if (status?.phase === 'Ready' || status?.phase === 'Degraded') return undefined;
  return status?.conditions?.find(({ type }) => type === 'Ready')?.message ?? 'it is not open yet';
}

/** What a pool's volumes can do, as it is written down; undefined if it is not. */
export function writtenFeatures({ status }: Pool): PoolFeatures | undefined {
  return status?.features && { ...status.features, unit: bytesOf(status.features.unit) };
}
