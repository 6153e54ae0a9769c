import { type PersistentVolumeClaim, persistentVolumeClaims } from '../../../model/kinds/core.ts';
import { storageClasses } from '../../../model/kinds/storage.ts';
import { bytesOf } from '../../../model/quantity.ts';
import { admissionFor, forbidden, type Request } from './admission.ts';

/**
 * PersistentVolumeClaimResize: only a bound claim grows, and only where its class allows it. That nothing shrinks is
 * one of the claim's own rules.
 */
export const claimResize = admissionFor(persistentVolumeClaims, {
  check: ({ operation, kind, object: claim, old, state }: Request<PersistentVolumeClaim>) => {
    const before = requested(old);
    const after = requested(claim);
    if (operation !== 'update' || !old || before === undefined || after === undefined || after <= before) return;
    const { name } = claim.metadata;
    if (old.status?.phase !== 'Bound') {
      throw forbidden(kind, name, 'Only bound persistent volume claims can be expanded');
    }
    const className = claim.spec.storageClassName;
    const allowed = className ? state.get(storageClasses, { name: className })?.allowVolumeExpansion : false;
    if (!allowed) {
      throw forbidden(
        kind,
        name,
        'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',
      );
    }
  },
});

function requested(claim: PersistentVolumeClaim | undefined): bigint | undefined {
  const storage = claim?.spec.resources?.requests?.['storage'];
  return storage === undefined ? undefined : bytesOf(storage);
}
