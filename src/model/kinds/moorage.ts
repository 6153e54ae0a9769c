/** Moorage's own kinds: moorage.dev/v1alpha1. */
export {
  type Backup,
  type BackupTarget,
  backups,
  backupTargets,
  type Restore,
  restores,
  type Schedule,
  schedules,
} from './moorage/backup.ts';
export { type Disk, disks } from './moorage/disk.ts';
export { type Fence, fences } from './moorage/fence.ts';
export { type Difference, difference, type Inventory, inventories } from './moorage/inventory.ts';
export { type Mount, mounts } from './moorage/mount.ts';
export { type Pool, pools } from './moorage/pool.ts';
export { type Replica, replicas } from './moorage/replica.ts';
export { largestVolume } from './moorage/rules.ts';
export {
  adoptAnnotation,
  claimAnnotation,
  defaultPoolLabel,
  driverName,
  type Failure,
  firstPoolMark,
  group,
  type Refusal,
  refusal,
  systemNamespace,
  topologyKey,
} from './moorage/shared.ts';
export { type Snapshot, snapshots } from './moorage/snapshot.ts';
export { type StorageCluster, storageClusters } from './moorage/storage-cluster.ts';
export { type Volume, volumes } from './moorage/volume.ts';
