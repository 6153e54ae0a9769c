import type { Volume } from '../../model/kinds/moorage.ts';

/** Why a Volume is not to be had: every pool with its reason, or else what its Ready condition says. */
export function refusalText({ status }: Volume): string {
  const refusals = (status?.refusals ?? []).map(({ pool, node, message }) => {
    const where = pool ? `pool ${pool}` : node ? `node ${node}` : '';
    return where && !message.includes(where) ? `${where}: ${message}` : message;
  });
  if (refusals.length > 0) return refusals.join('; ');
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  return ready?.message ?? 'it failed without saying why; see the log';
}
