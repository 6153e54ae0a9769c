import type { Api } from '../api/api.ts';
import { Controller } from '../api/controller.ts';
import { ensureNoFinalizer, hasFinalizer } from '../api/finalizers.ts';
import { mountFinalizer } from '../kubelet/volume-names.ts';
import type { Log } from '../lib/log.ts';
import { claimProtectionFinalizer, volumeProtectionFinalizer } from '../model/claims/well-known.ts';
import { type Mount, mounts, persistentVolumeClaims, persistentVolumes } from '../model/kinds/index.ts';
import { isDeleting, type KubeObject, keyOf, refOf, refTo } from '../model/object.ts';

/** Lets a claim that is being deleted go when no Mount uses it any more. The binder puts the finalizer on. */
export function createClaimProtection({ api, log }: { readonly api: Api; readonly log: Log }): Controller {
  const claims = api.informer(persistentVolumeClaims);
  const allMounts = api.informer(mounts);
  const mountsOf = allMounts.index('claim', claimKeys);
  return new Controller({
    name: 'claim-protection',
    log,
    reconcile: async (key) => {
      const claim = claims.get(refOf(key));
      if (!claim || !mayGo(claim, claimProtectionFinalizer) || mountsOf(key).some(usesClaim)) return;
      await ensureNoFinalizer(api, persistentVolumeClaims, claim, claimProtectionFinalizer);
    },
  })
    .watch(claims, (claim) => (mayGo(claim, claimProtectionFinalizer) ? [keyOf(refTo(claim))] : []))
    .watch(allMounts, (mount, { type }) => (type === 'deleted' || !usesClaim(mount) ? claimKeys(mount) : []));
}

/** Lets a volume that is being deleted go when no claim is bound to it any more. */
export function createVolumeProtection({ api, log }: { readonly api: Api; readonly log: Log }): Controller {
  const volumes = api.informer(persistentVolumes);
  const claims = api.informer(persistentVolumeClaims);
  return new Controller({
    name: 'volume-protection',
    log,
    reconcile: async (name) => {
      const volume = volumes.get({ name });
      if (!volume || !mayGo(volume, volumeProtectionFinalizer)) return;
      const { claimRef } = volume.spec;
      const claim = claimRef?.name ? claims.get({ namespace: claimRef.namespace, name: claimRef.name }) : undefined;
      if (claim && claim.metadata.uid === claimRef?.uid && claim.spec.volumeName === name) return;
      await ensureNoFinalizer(api, persistentVolumes, volume, volumeProtectionFinalizer);
    },
  })
    .watch(volumes, (volume) => (mayGo(volume, volumeProtectionFinalizer) ? [volume.metadata.name] : []))
    .watch(claims, (claim, { type }) => (type === 'deleted' && claim.spec.volumeName ? [claim.spec.volumeName] : []));
}

/** A Mount uses its claim from when the mounter took it up until everything is unmounted: while it has the finalizer. */
function usesClaim(mount: Mount): boolean {
  return hasFinalizer(mount, mountFinalizer);
}

function claimKeys({ metadata, spec }: Mount): string[] {
  return [keyOf({ namespace: metadata.namespace, name: spec.claim })];
}

function mayGo(object: KubeObject, finalizer: string): boolean {
  return isDeleting(object) && hasFinalizer(object, finalizer);
}
