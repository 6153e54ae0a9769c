/** Moorage's own kinds: moorage.dev/v1alpha1. */
export { type Difference, difference, type Inventory, inventories } from './moorage/inventory.ts';
export { type Mount, mounts } from './moorage/mount.ts';
export { type Pool, pools } from './moorage/pool.ts';
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
export { type Volume, volumes } from './moorage/volume.ts';
