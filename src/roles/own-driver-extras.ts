import type { Api } from '../api/api.ts';
import { type Pool, pools, volumes } from '../model/kinds/moorage.ts';
import { bytesOf } from '../model/quantity.ts';
import type { DriverExtras } from '../sidecars/drivers/extras.ts';

/** What is told of our own driver beyond CSI: its Pools say what room they have, and Volumes what is promised of it. */
export function ownDriverExtras(api: Api): DriverExtras {
  return {
    claimMetadata: true,
    onRoom: (listener) =>
      api.informer(pools).onChange(({ type, object, old }) => {
        if (type === 'modified' && hasMoreRoom(object, old)) listener();
      }),
    onCapacity: (listener) => {
      const open = new DisposableStack();
      open.use(api.informer(pools).onChange(listener));
      open.use(api.informer(volumes).onChange(listener));
      return open;
    },
  };
}

function hasMoreRoom(now: Pool, before: Pool | undefined): boolean {
  return (now.status?.nodes ?? []).some(({ node, available }) => {
    const had = before?.status?.nodes?.find((it) => it.node === node)?.available;
    return bytesOf(available ?? '0') > bytesOf(had ?? '0');
  });
}
