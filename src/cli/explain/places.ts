import type { Pool, Volume } from '../../model/kinds/index.ts';
import { isDeleting } from '../../model/object.ts';
import { bytesOf } from '../../model/quantity.ts';
import { type PlacementWish, type PoolOffer, place } from '../../volumes/placement.ts';
import { humanBytes, humanQuantity } from '../output/human.ts';
import { readyMessage } from '../world/problems.ts';
import type { World } from '../world/world.ts';
import type { Look } from './report.ts';

/** Each pool on each node, and whether a new volume would go there; decided by the same function that places it. */
export function lookForPlace(world: World, wish: PlacementWish): Look[] {
  const offers = world.pools.flatMap(offersOf);
  const decision = place(wish, offers);
  const isChosen = ({ pool, node }: PoolOffer) =>
    'placement' in decision && decision.placement.pool === pool && decision.placement.node === node;
  if (offers.length === 0) return [{ what: 'pools', taken: false, message: 'there is none: create a Pool' }];
  return offers.map((offer) => {
    const what = `pool ${offer.pool} on node ${offer.node}`;
    const alone = place(wish, [offer]);
    if (isChosen(offer)) return { what, taken: true, message: 'it would go here: the pool that can promise most' };
    if (!('placement' in alone))
      return { what, taken: false, message: refusalFor(wish, offer, alone.refusals[0]?.message) };
    return { what, taken: false, message: `it has room for ${humanBytes(wish.size)}, but another pool suits better` };
  });
}

function refusalFor(wish: PlacementWish, { pool }: PoolOffer, message = 'refused'): string {
  return wish.pool !== undefined && wish.pool !== pool ? `pool ${wish.pool} was asked for` : message;
}

/** What a pool has to give, as its status says. */
function offersOf(pool: Pool): PoolOffer[] {
  const { nodes = [], phase } = pool.status ?? {};
  const known = nodes.length > 0 ? nodes : [{ node: pool.spec.node ?? 'any node' }];
  return known.map((it) => {
    const total = bytesOf(it.total ?? '0');
    const isUsable = phase === 'Ready' || phase === 'Degraded';
    const why = isUsable ? undefined : (readyMessage(pool.status?.conditions) ?? `it is ${phase ?? 'Pending'}`);
    return {
      pool: pool.metadata.name,
      node: it.node,
      notReady: why ?? (isDeleting(pool) ? 'it is being deleted' : undefined),
      backend: it.backend ?? 'image',
      total,
      available: total - bytesOf(it.used ?? '0'),
      promised: bytesOf(it.allocated ?? '0'),
      overProvisioning: pool.spec.overProvisioning,
      reserve: pool.spec.reserve === undefined ? (total * 5n) / 100n : bytesOf(pool.spec.reserve),
    };
  });
}

/** Where a Volume's bytes are, and who has it. */
export function placeOf(world: World, { metadata, spec, status }: Volume): string[] {
  const place = status?.placement;
  if (!place) return [`Volume ${metadata.name} is nowhere yet`];
  const node = world.pools
    .find((pool) => pool.metadata.name === place.pool)
    ?.status?.nodes?.find((it) => it.node === place.node);
  const how = node?.backend === 'directory' ? 'a directory' : 'a file behind a loop device';
  const from = spec.source ? `, as a copy of ${spec.source.kind} ${spec.source.name}` : '';
  const attached = (status.attachments ?? []).map((it) => `${it.node} (${it.mode} since ${it.since})`);
  return [
    `Volume ${metadata.name} is ${how} in pool ${place.pool} on node ${place.node}${from}: ${humanQuantity(status.size ?? spec.size)}`,
    attached.length > 0 ? `it is attached to ${attached.join(', ')}` : 'it is attached to no node now',
  ];
}
