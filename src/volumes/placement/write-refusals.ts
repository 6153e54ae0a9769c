import type { Api } from '../../api/api.ts';
import type { EventRecorder } from '../../api/events.ts';
import { type Refusal, type Volume, volumes } from '../../model/kinds/moorage.ts';
import { type Statement, withConditions } from '../conditions.ts';

/**
 * Says why a volume can't be placed, or can't grow, in its status and in an event; nothing if it says so already.
 * `exactly` says whether other figures for the same reasons are worth a write. Returns whether it was news.
 */
export async function writeRefusals(
  { api, events }: { readonly api: Api; readonly events: EventRecorder },
  volume: Volume,
  refusals: readonly Refusal[],
  { exactly }: { readonly exactly: boolean },
): Promise<boolean> {
  const words = exactly ? messagesOf : reasonsOf;
  if (words(volume.status?.refusals ?? []) === words(refusals)) return false;
  const ready = volume.status?.phase === 'Ready';
  const message = messagesOf(refusals);
  events.warning(volume, ready ? 'ExpandRefused' : 'PlacementRefused', message);
  const why: Statement = { type: 'Ready', status: 'False', reason: refusals[0]?.reason ?? 'Refused', message };
  const conditions = withConditions(volume.status?.conditions, ready ? [] : [why], volume.metadata.generation);
  const phase = ready ? ('Ready' as const) : ('Pending' as const);
  await api.updateStatus(volumes, {
    ...volume,
    status: { ...volume.status, phase, refusals: [...refusals], conditions },
  });
  return true;
}

function messagesOf(refusals: readonly Refusal[]): string {
  return refusals.map(({ message }) => message).join('; ');
}

function reasonsOf(refusals: readonly Refusal[]): string {
  return refusals.map(({ pool, node, reason }) => `${pool}/${node}: ${reason}`).join('; ');
}
