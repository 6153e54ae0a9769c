/** The kinds of storage.k8s.io and snapshot.storage.k8s.io. */
export {
  type CSIDriver,
  type CSINode,
  type CSIStorageCapacity,
  csiDrivers,
  csiNodes,
  csiStorageCapacities,
} from './storage/csi.ts';
export { defaultClassAnnotation, isDefaultClass, type StorageClass, storageClasses } from './storage/storage-class.ts';
export { type VolumeAttachment, volumeAttachments } from './storage/volume-attachment.ts';
export { type VolumeAttributesClass, volumeAttributesClasses } from './storage/volume-attributes-class.ts';
export {
  defaultSnapshotClassAnnotation,
  type VolumeSnapshot,
  type VolumeSnapshotClass,
  type VolumeSnapshotContent,
  volumeSnapshotClasses,
  volumeSnapshotContents,
  volumeSnapshots,
} from './storage/volume-snapshot.ts';
