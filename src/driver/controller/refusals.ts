import type { Refusal, Volume } from '../../model/kinds/moorage.ts';

/** Why a Volume is not to be had: every pool with its reason, or else what its Ready condition says. */
export function refusalText({ status }: Volume): string {
  const refusals = status?.refusals ?? [];
  if (refusals.length > 0) return refusalWords(refusals);
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  return ready?.message ?? 'it failed without saying why; see the log';
}

/** Every pool with its reason, in one line. */
export function refusalWords(refusals: readonly Refusal[]): string {
  const words = refusals.map(({ pool, node, message }) => {
    const where = pool ? `pool ${pool}` : node ? `node ${node}` : '';
    return where && !message.includes(where) ? `${where}: ${message}` : message;
  });
  return words.join('; ');
}
