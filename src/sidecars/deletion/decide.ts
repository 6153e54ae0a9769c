import type { PersistentVolume } from '../../model/kinds/core.ts';

/**
 * True for a volume that its driver is to delete now: made by that driver, not retained, and released by its claim;
 * `claimIsGone` says that surely the claim is gone, though nobody has written that on the volume yet.
 */
export function isToBeDeleted(volume: PersistentVolume, driver: string, claimIsGone = false): boolean {
  const { spec, status } = volume;
  if (spec.persistentVolumeReclaimPolicy !== 'Delete' || spec.csi?.driver !== driver) return false;
  return status?.phase === 'Released' || (claimIsGone && status?.phase !== 'Failed');
}
