import { Controller } from '../../api/controller.ts';
import { ensureNoFinalizer, hasFinalizer } from '../../api/finalizers.ts';
import { claimSourceFinalizer } from '../../model/claims/well-known.ts';
import { persistentVolumeClaims } from '../../model/kinds/core.ts';
import { type VolumeSnapshot, volumeSnapshots } from '../../model/kinds/storage.ts';
import { keyOf, refOf, refTo } from '../../model/object.ts';
import type { SidecarContext } from '../context.ts';

/** Lets a claim go when no snapshot of it is being taken any more. */
export function createSnapshotSourceProtection({ api, log }: SidecarContext): Controller {
  const claims = api.informer(persistentVolumeClaims);
  const snapshots = api.informer(volumeSnapshots);
  const beingTakenOf = snapshots.index('being taken of', (it) => (isTaken(it) ? [] : claimKeys(it)));
  return new Controller({
    name: 'snapshot-source-protection',
    log,
    reconcile: async (key) => {
      const claim = claims.get(refOf(key));
      if (!claim || !hasFinalizer(claim, claimSourceFinalizer) || beingTakenOf(key).length > 0) return;
      await ensureNoFinalizer(api, persistentVolumeClaims, claim, claimSourceFinalizer);
    },
  })
    .watch(claims, (claim, { type }) =>
      type === 'added' && hasFinalizer(claim, claimSourceFinalizer) ? [keyOf(refTo(claim))] : [],
    )
    .watch(snapshots, (snapshot, { type }) => (type === 'deleted' || isTaken(snapshot) ? claimKeys(snapshot) : []));
}

/** From its creation time on, a snapshot no longer needs its source. */
function isTaken({ status }: VolumeSnapshot): boolean {
  return Boolean(status?.creationTime) || status?.readyToUse === true;
}

function claimKeys({ metadata, spec }: VolumeSnapshot): string[] {
  const name = spec.source.persistentVolumeClaimName;
  return name ? [keyOf({ namespace: metadata.namespace, name })] : [];
}
