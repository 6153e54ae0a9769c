import type { PersistentVolume, PersistentVolumeClaim } from '../../model/kinds/core.ts';
import type { StorageClass } from '../../model/kinds/storage.ts';
import { isDeleting } from '../../model/object.ts';
import { dataSourceOf, provisionerOf } from '../shared/claims.ts';
import { hasFinalizer } from '../shared/finalizers.ts';
import { provisioningFinalizer, selectedNodeAnnotation } from '../shared/names.ts';

/** What is to be done for a claim. */
export type ClaimStep =
  | { readonly do: 'nothing' }
  /** Its volume is recorded, or was never made: the claim may go its way. */
  | { readonly do: 'release' }
  | { readonly do: 'provision'; readonly driver: string; readonly storageClass: StorageClass }
  /** Nobody wants the volume any more, but one may have been made: see to it that there is none. */
  | { readonly do: 'abandon'; readonly driver: string }
  /** The same, but the driver that knows is not plugged in. */
  | { readonly do: 'wait for driver'; readonly driver: string }
  /** Somebody else fills such claims. */
  | { readonly do: 'leave to populator'; readonly type: string }
  | { readonly do: 'refuse'; readonly message: string };

/**
 * Decides what the provisioner does for a claim. `volume` is the PersistentVolume of volumeNameFor, if there is one;
 * `isOurs` says whether a driver is plugged in here.
 */
export function decideClaim(world: {
  readonly claim: PersistentVolumeClaim;
  readonly volume: PersistentVolume | undefined;
  readonly storageClass: StorageClass | undefined;
  readonly isOurs: (driver: string) => boolean;
}): ClaimStep {
  const { claim, volume, storageClass } = world;
  const driver = provisionerOf(claim);
  if (driver === undefined) return { do: 'nothing' };
  const mayHaveMade = hasFinalizer(claim, provisioningFinalizer);
  const chosen = claim.spec.volumeName;
  const unwanted = isDeleting(claim) || Boolean(chosen);
  if (volume) {
    // While the binder has not bound them yet, it releases the claim itself, in the same write.
    return mayHaveMade && unwanted ? { do: 'release' } : { do: 'nothing' };
  }
  if (unwanted && !mayHaveMade) return { do: 'nothing' };
  if (!world.isOurs(driver)) return unwanted ? { do: 'wait for driver', driver } : { do: 'nothing' };
  if (unwanted) return { do: 'abandon', driver };
  const source = dataSourceOf(claim);
  if (source?.kind === 'populator') return { do: 'leave to populator', type: source.type };
  if (!storageClass) return { do: 'refuse', message: 'the StorageClass of the claim is not there' };
  if (storageClass.provisioner !== driver) {
    const { name } = storageClass.metadata;
    return { do: 'refuse', message: `StorageClass ${name} is of ${storageClass.provisioner}, not of ${driver}` };
  }
  const waits = storageClass.volumeBindingMode === 'WaitForFirstConsumer';
  if (waits && !claim.metadata.annotations?.[selectedNodeAnnotation]) return { do: 'nothing' };
  return { do: 'provision', driver, storageClass };
}

/** True for a volume that its driver is to delete now: released by its claim, made by that driver, not retained. */
export function isToBeDeleted(volume: PersistentVolume, provisionedBy: string | undefined): boolean {
  const { spec, status } = volume;
  return (
    spec.persistentVolumeReclaimPolicy === 'Delete' &&
    status?.phase === 'Released' &&
    spec.csi !== undefined &&
    spec.csi.driver === provisionedBy
  );
}
