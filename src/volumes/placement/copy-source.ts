import type { Api } from '../../api/api.ts';
import { type Refusal, snapshots, type Volume, volumes } from '../../model/kinds/moorage.ts';
import type { PlacementWish } from './place.ts';

/** Where the source of a copy is, or why it can't be copied now; undefined for a volume that starts empty. */
export function sourceOf(
  api: Api,
  { source: from }: Volume['spec'],
): NonNullable<PlacementWish['source']> | Refusal | undefined {
  if (!from) return undefined;
  const { kind, name } = from;
  const source = kind === 'Volume' ? api.informer(volumes).get({ name }) : api.informer(snapshots).get({ name });
  const placement = source?.status?.phase === 'Ready' ? source.status.placement : undefined;
  if (placement) return { name, pool: placement.pool, node: placement.node };
  const state = source ? 'is not ready yet' : 'does not exist';
  return { reason: source ? 'SourceNotReady' : 'SourceNotFound', message: `${kind} ${name}, its source, ${state}` };
}
