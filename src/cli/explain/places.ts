import type { Volume } from '../../model/kinds/index.ts';
import { parseLabelSelector } from '../../model/label-selector.ts';
import { writtenOffer } from '../../volumes/placement/offer.ts';
import { type PlacementWish, type PoolOffer, place } from '../../volumes/placement/place.ts';
import { humanBytes, humanQuantity } from '../output/human.ts';
import type { World } from '../world/world.ts';
import type { Look } from './report.ts';

/** Each pool on each node, and whether a new volume would go there; decided by the same function that places it. */
export function lookForPlace(world: World, wish: PlacementWish): Look[] {
  const cordoned = new Set(world.nodes.filter(({ spec }) => spec?.unschedulable).map(({ metadata }) => metadata.name));
  const offers = world.pools.map((pool) => writtenOffer(pool, { cordoned: cordoned.has(pool.spec.node ?? '') }));
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

function refusalFor(wish: PlacementWish, { pool, labels }: PoolOffer, message = 'refused'): string {
  const { poolSelector } = wish;
  if (poolSelector !== undefined && !parseLabelSelector(poolSelector)(labels)) {
    return `its labels do not meet the selector ${poolSelector} of the class`;
  }
  return wish.pool !== undefined && wish.pool !== pool ? `pool ${wish.pool} was asked for` : message;
}

/** Where a Volume's bytes are, and who has it. */
export function placeOf(world: World, { metadata, spec, status }: Volume): string[] {
  const place = status?.placement;
  if (!place) return [`Volume ${metadata.name} is nowhere yet`];
  const features = world.pools.find((pool) => pool.metadata.name === place.pool)?.status?.features;
  const how = features && !features.block ? 'a directory' : 'a device of its own';
  const from = spec.source ? `, as a copy of ${spec.source.kind} ${spec.source.name}` : '';
  const attached = (status.attachments ?? []).map((it) => `${it.node} (${it.mode} since ${it.since})`);
  return [
    `Volume ${metadata.name} is ${how} in pool ${place.pool} on node ${place.node}${from}: ${humanQuantity(status.size ?? spec.size)}`,
    attached.length > 0 ? `it is attached to ${attached.join(', ')}` : 'it is attached to no node now',
  ];
}
