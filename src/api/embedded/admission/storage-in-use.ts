import type { Kind } from '../../../model/kind.ts';
import { persistentVolumeClaims, persistentVolumes } from '../../../model/kinds/core.ts';
import type { KubeObject } from '../../../model/object.ts';
import { admissionFor } from './admission.ts';

/** Adds a finalizer at creation: an object in use is then not gone before its last user is. */
function protect<T extends KubeObject>(kind: Kind<T>, finalizer: string) {
  return admissionFor(kind, {
    admit: ({ operation, object: { metadata } }) => {
      if (operation !== 'create' || metadata.finalizers?.includes(finalizer)) return;
      metadata.finalizers = [...(metadata.finalizers ?? []), finalizer];
    },
  });
}

/** StorageObjectInUseProtection for claims. */
export const claimInUseProtection = protect(persistentVolumeClaims, 'kubernetes.io/pvc-protection');

/** StorageObjectInUseProtection for volumes. */
export const volumeInUseProtection = protect(persistentVolumes, 'kubernetes.io/pv-protection');
