import type { Api } from '../../api/api.ts';
import { leases } from '../../model/kinds/index.ts';

/** Seconds after which a leader that wrote nothing is taken to be away; clocks may differ a little. */
const patience = 60;

/** The controller that leads in a cluster now; undefined if none does, or who asks may not know. */
export async function leaderOf(api: Api, now = new Date()): Promise<string | undefined> {
  const found = await api.list(leases, { fieldSelector: 'metadata.name=moorage-controller' }).catch(() => undefined);
  const held = found?.items.find(({ spec }) => {
    const renewed = Date.parse(spec?.renewTime ?? '');
    return spec?.holderIdentity && now.getTime() - renewed < patience * 1_000;
  });
  return held?.spec?.holderIdentity ?? undefined;
}
