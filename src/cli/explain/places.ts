import type { Volume } from '../../model/kinds/index.ts';
import { humanQuantity } from '../output/human.ts';
import type { World } from '../world.ts';
import type { Look } from './report.ts';

/** The volume that somebody asks our driver for. */
export interface PlaceWish {
  readonly name: string;
  readonly size: string;
  readonly mode: 'Filesystem' | 'Block';
  readonly provisioning: 'thin' | 'thick';
  readonly pool?: string | undefined;
}

/** Each pool on each node, and whether a new volume would go there; as the volume controller itself decides it. */
export function lookForPlace(_world: World, _wish: PlaceWish): Look[] {
  return [];
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
