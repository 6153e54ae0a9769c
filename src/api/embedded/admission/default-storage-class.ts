import { persistentVolumeClaims } from '../../../model/kinds/core.ts';
import { defaultClassAnnotation, type StorageClass, storageClasses } from '../../../model/kinds/storage.ts';
import { admissionFor } from './admission.ts';

/** DefaultStorageClass: a new claim that names no class gets the default one, of several the newest. */
export const defaultStorageClass = admissionFor(persistentVolumeClaims, {
  admit: ({ operation, object: claim, state }) => {
    if (operation !== 'create' || typeof claim.spec.storageClassName === 'string') return;
    const defaults = [...state.list(storageClasses)].filter(
      ({ metadata: { annotations } }) => annotations?.[defaultClassAnnotation] === 'true',
    );
    const newest = defaults.sort(newestFirst)[0];
    if (newest) claim.spec.storageClassName = newest.metadata.name;
  },
});

/** Newest first; of the same second, the one whose name comes first. */
function newestFirst({ metadata: one }: StorageClass, { metadata: other }: StorageClass): number {
  const byTime = (other.creationTimestamp ?? '').localeCompare(one.creationTimestamp ?? '');
  return byTime === 0 ? (one.name < other.name ? -1 : 1) : byTime;
}
