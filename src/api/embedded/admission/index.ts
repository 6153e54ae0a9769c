import type { Admission } from './admission.ts';
import { claimResize } from './claim-resize.ts';
import { defaultStorageClass } from './default-storage-class.ts';
import { limitRanger } from './limit-ranger.ts';
import { namespaceFinalizer, namespaceLifecycle, protectedNamespaces } from './namespaces.ts';
import { claimInUseProtection, volumeInUseProtection } from './storage-in-use.ts';

/** The rules that the embedded API keeps, in their order. */
export const admissions: readonly Admission[] = [
  namespaceLifecycle,
  namespaceFinalizer,
  protectedNamespaces,
  defaultStorageClass,
  claimInUseProtection,
  volumeInUseProtection,
  claimResize,
  limitRanger,
];
