import { isBoundTo } from '../../model/claims/claims.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '../../model/kinds/core.ts';
import type { StorageClass } from '../../model/kinds/storage.ts';
import { isDeleting } from '../../model/object.ts';
import { bytesOf, largestBytes } from '../../model/quantity.ts';
import type { Driver } from '../drivers/driver.ts';

/** What is to be done for a claim that may have grown. Sizes are bytes. */
export type GrowthStep =
  | { readonly do: 'nothing' }
  | { readonly do: 'refuse'; readonly message: string }
  /** The volume can grow only while nobody uses it. */
  | { readonly do: 'wait'; readonly message: string }
  /** Ask the driver's controller. */
  | { readonly do: 'expand'; readonly size: bigint }
  /** The driver grows volumes on the node only. */
  | { readonly do: 'leave to node'; readonly size: bigint }
  /** The volume has grown already; only its claim does not say so yet. */
  | { readonly do: 'finish'; readonly size: bigint };

/** Decides how a claim's volume grows. `inUse` says whether it is attached or mounted anywhere. */
export function decideGrowth(world: {
  readonly claim: PersistentVolumeClaim;
  readonly volume: PersistentVolume | undefined;
  readonly storageClass: StorageClass | undefined;
  readonly driver: Driver | undefined;
  readonly inUse: boolean;
}): GrowthStep {
  const { claim, volume, driver } = world;
  const nothing: GrowthStep = { do: 'nothing' };
  if (!driver || !volume || isDeleting(claim) || isDeleting(volume)) return nothing;
  if (claim.status?.phase !== 'Bound' || !isBoundTo(claim, volume)) return nothing;
  const wanted = bytesOf(claim.spec.resources?.requests?.['storage'] ?? '0');
  const has = bytesOf(claim.status.capacity?.['storage'] ?? '0');
  if (wanted <= has || has === 0n) return nothing;
  const size = bytesOf(volume.spec.capacity?.['storage'] ?? '0');
  const { capabilities, name } = driver;
  const state = claim.status.allocatedResourceStatuses?.['storage'];
  const grows = capabilities.controllerExpand || capabilities.nodeExpand;
  if (size >= wanted && !grows) return { do: 'finish', size };
  // The node's part is out. Otherwise a pass was cut off, and only the driver knows whether there is such a part.
  if (size >= wanted && state === 'NodeResizePending') return nothing;
  // A node is at it; what is wanted beyond that comes after it.
  const allocated = bytesOf(claim.status.allocatedResources?.['storage'] ?? '0');
  if (state === 'NodeResizeInProgress' && size >= allocated) return nothing;
  if (world.storageClass?.allowVolumeExpansion !== true) {
    const className = volume.spec.storageClassName ?? '';
    return {
      do: 'refuse',
      message: `StorageClass "${className}" does not allow volumes to grow (allowVolumeExpansion)`,
    };
  }
  if (wanted > largestBytes) {
    const asked = claim.spec.resources?.requests?.['storage'];
    const message = `rpc error: code = OUT_OF_RANGE desc = ${asked} is more than a driver can be asked for`;
    return { do: 'refuse', message: `resize volume "${volume.metadata.name}" by resizer "${name}" failed: ${message}` };
  }
  if (!capabilities.controllerExpand) {
    if (capabilities.nodeExpand) return { do: 'leave to node', size: wanted };
    return { do: 'refuse', message: `driver ${name} can't grow volumes: copy the data into a larger claim` };
  }
  if (capabilities.expansion === 'offline' && world.inUse) {
    return { do: 'wait', message: `driver ${name} grows volumes only while nobody uses them: unmount the claim` };
  }
  return { do: 'expand', size: isUncertain(claim) && allocated > wanted ? allocated : wanted };
}

/**
 * True if the driver was asked to grow the volume and nobody knows what came of it: it may have grown, so a claim that
 * asks for less by now still has to hear the answer.
 */
function isUncertain({ status }: PersistentVolumeClaim): boolean {
  if (status?.allocatedResourceStatuses?.['storage'] !== 'ControllerResizeInProgress') return false;
  return !status.conditions?.some(({ type }) => type === 'ControllerResizeError');
}
