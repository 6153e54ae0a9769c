import type { Api } from '../api/api.ts';
import { type Mount, mounts } from '../model/kinds/moorage.ts';
import { keyOf } from '../model/object.ts';
import type { ClaimUse } from '../sidecars/drivers/extras.ts';

/** Says of claims whether a Mount uses them, as pods do in a cluster; for any driver. */
export function mountsInUse(api: Api): ClaimUse {
  const informer = api.informer(mounts);
  const mountsOf = informer.index('claim', (mount) => [claimKey(mount)]);
  return {
    synced: informer.synced,
    isInUse: (claim) => mountsOf(claim).some(({ status }) => isMounted(status?.phase)),
    onChange: (listener) =>
      informer.onChange(({ type, object }) => {
        if (type !== 'added') listener(claimKey(object));
      }),
  };
}

function isMounted(phase: NonNullable<Mount['status']>['phase']): boolean {
  return phase === 'Mounting' || phase === 'Mounted' || phase === 'Unmounting';
}

function claimKey({ metadata, spec }: Mount): string {
  return keyOf({ namespace: metadata.namespace, name: spec.claim });
}
