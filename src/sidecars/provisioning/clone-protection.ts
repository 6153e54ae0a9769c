import { Controller } from '../../api/controller.ts';
import { ensureNoFinalizer, hasFinalizer } from '../../api/finalizers.ts';
import { dataSourceOf } from '../../model/claims/claims.ts';
import { cloningFinalizer } from '../../model/claims/well-known.ts';
import { type PersistentVolumeClaim, persistentVolumeClaims } from '../../model/kinds/core.ts';
import { isDeleting, keyOf, refOf, refTo } from '../../model/object.ts';
import type { SidecarContext } from '../context.ts';

/** Lets a claim that is being deleted go when no clone of it is being made any more. */
export function createCloneProtection({ api, log }: SidecarContext): Controller {
  const claims = api.informer(persistentVolumeClaims);
  const clonesOf = claims.index('being cloned from', cloneKeys);
  return new Controller({
    name: 'clone-protection',
    log,
    reconcile: async (key) => {
      const claim = claims.get(refOf(key));
      if (!claim || !isDeleting(claim) || clonesOf(key).length > 0) return;
      await ensureNoFinalizer(api, persistentVolumeClaims, claim, cloningFinalizer);
    },
  }).watch(claims, (claim, { type, old }) => [
    ...(isDeleting(claim) && hasFinalizer(claim, cloningFinalizer) ? [keyOf(refTo(claim))] : []),
    ...(type === 'deleted' || (old && cloneKeys(claim).length === 0) ? cloneKeys(old ?? claim) : []),
  ]);
}

/** The key of the claim that a claim without a volume is to be a clone of. */
function cloneKeys(claim: PersistentVolumeClaim): string[] {
  const source = dataSourceOf(claim);
  if (source?.kind !== 'claim' || claim.spec.volumeName) return [];
  return [keyOf({ namespace: claim.metadata.namespace, name: source.name })];
}
