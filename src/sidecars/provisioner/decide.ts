import type { PersistentVolume, PersistentVolumeClaim } from '../../model/kinds/core.ts';
import type { StorageClass } from '../../model/kinds/storage.ts';
import { isDeleting } from '../../model/object.ts';
import type { Driver } from '../drivers/driver.ts';
import { dataSourceOf, provisionerOf } from '../shared/claims.ts';
import { hasFinalizer } from '../shared/finalizers.ts';
import { provisioningFinalizer, selectedNodeAnnotation } from '../shared/names.ts';

/** What is to be done for a claim. */
export type ClaimStep =
  | { readonly do: 'nothing' }
  /** Its volume is recorded, or was never made: the claim may go its way. */
  | { readonly do: 'release' }
  | { readonly do: 'provision'; readonly driver: Driver; readonly storageClass: StorageClass }
  /** Nobody wants the volume any more, but one may have been made: see to it that there is none. */
  | { readonly do: 'abandon'; readonly driver: Driver }
  /** The same, but the driver that knows is not plugged in. */
  | { readonly do: 'wait for driver'; readonly message: string }
  /** Somebody else fills such claims. */
  | { readonly do: 'leave to populator' }
  | { readonly do: 'refuse'; readonly message: string };

/**
 * Decides what the provisioner does for a claim. `volume` is the PersistentVolume of volumeNameFor, if there is one;
 * `driver` the one that the claim is marked for, if it is plugged in here.
 */
export function decideClaim(world: {
  readonly claim: PersistentVolumeClaim;
  readonly volume: PersistentVolume | undefined;
  readonly storageClass: StorageClass | undefined;
  readonly driver: Driver | undefined;
}): ClaimStep {
  const { claim, volume, storageClass, driver } = world;
  const provisioner = provisionerOf(claim);
  if (provisioner === undefined) return { do: 'nothing' };
  const mayHaveMade = hasFinalizer(claim, provisioningFinalizer);
  const unwanted = isDeleting(claim) || Boolean(claim.spec.volumeName);
  // Until the claim is bound there is nothing to release: the binder does it in the same write.
  if (volume) return mayHaveMade && unwanted ? { do: 'release' } : { do: 'nothing' };
  if (unwanted && !mayHaveMade) return { do: 'nothing' };
  if (!driver && unwanted) {
    const message = `driver ${provisioner} may have made a volume for it and is not plugged in: plug it in again`;
    return { do: 'wait for driver', message };
  }
  if (!driver) return { do: 'nothing' };
  if (unwanted) return { do: 'abandon', driver };
  if (dataSourceOf(claim)?.kind === 'populator') return { do: 'leave to populator' };
  if (!storageClass) return { do: 'refuse', message: 'the StorageClass of the claim is not there' };
  if (storageClass.provisioner !== driver.name) {
    const { name } = storageClass.metadata;
    return { do: 'refuse', message: `StorageClass ${name} is of ${storageClass.provisioner}, not of ${driver.name}` };
  }
  const waits = storageClass.volumeBindingMode === 'WaitForFirstConsumer';
  if (waits && !claim.metadata.annotations?.[selectedNodeAnnotation]) return { do: 'nothing' };
  return { do: 'provision', driver, storageClass };
}

/** True for a volume that its driver is to delete now: released by its claim, made by that driver, not retained. */
export function isToBeDeleted(volume: PersistentVolume, driver: string): boolean {
  const { spec, status } = volume;
  return spec.persistentVolumeReclaimPolicy === 'Delete' && status?.phase === 'Released' && spec.csi?.driver === driver;
}
