/** The kinds of storage.k8s.io, snapshot.storage.k8s.io and groupsnapshot.storage.k8s.io. */
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
  type VolumeGroupSnapshot,
  type VolumeGroupSnapshotClass,
  type VolumeGroupSnapshotContent,
  volumeGroupSnapshotClasses,
  volumeGroupSnapshotContents,
  volumeGroupSnapshots,
} from './storage/volume-group-snapshot.ts';
export {
  defaultSnapshotClassAnnotation,
  type VolumeSnapshot,
  type VolumeSnapshotClass,
  type VolumeSnapshotContent,
  volumeSnapshotClasses,
  volumeSnapshotContents,
  volumeSnapshots,
} from './storage/volume-snapshot.ts';
