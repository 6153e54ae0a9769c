import { hasFinalizer } from '../../api/finalizers.ts';
import { classOf, dataSourceOf, provisionerOf } from '../../model/claims/claims.ts';
import {
  bindCompletedAnnotation,
  provisioningFinalizer,
  selectedNodeAnnotation,
} from '../../model/claims/well-known.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '../../model/kinds/core.ts';
import type { StorageClass } from '../../model/kinds/storage.ts';
import { isDeleting } from '../../model/object.ts';
import type { Driver } from '../drivers/driver.ts';

/** What is to be done for a claim. */
export type ClaimStep =
  | { readonly do: 'nothing' }
  /** Its volume is recorded, or was never made: the claim may go its way. */
  | { readonly do: 'release' }
  | { readonly do: 'provision'; readonly driver: Driver; readonly storageClass: StorageClass }
  /** Its volume is recorded, and one of the two does not say yet that they are bound. */
  | { readonly do: 'bind'; readonly volume: PersistentVolume }
  /** It was bound to another volume meanwhile: the one that was made for it goes. */
  | { readonly do: 'withdraw'; readonly volume: PersistentVolume }
  /** Nobody wants the volume any more, but one may have been made: see to it that there is none. */
  | { readonly do: 'abandon'; readonly driver: Driver }
  /** The same, but the driver that knows is not plugged in. */
  | { readonly do: 'wait for driver'; readonly message: string }
  /** Somebody else fills such claims. */
  | { readonly do: 'leave to populator' }
  | { readonly do: 'refuse'; readonly message: string };

export interface ClaimWorld {
  readonly claim: PersistentVolumeClaim;
  /** The PersistentVolume of volumeNameFor, if there is one. */
  readonly volume: PersistentVolume | undefined;
  readonly storageClass: StorageClass | undefined;
  /** The driver that the claim is for (see driverNameFor), if it is plugged in here. */
  readonly driver: Driver | undefined;
  /** Whether claims are bound to their volumes here. */
  readonly bindsDirectly: boolean;
}

/** Decides what the provisioner does for a claim. */
export function decideClaim(world: ClaimWorld): ClaimStep {
  const { claim, volume, storageClass, driver } = world;
  const provisioner = driverNameFor(claim, storageClass, world.bindsDirectly);
  if (provisioner === undefined) return { do: 'nothing' };
  const mayHaveMade = hasFinalizer(claim, provisioningFinalizer);
  const unwanted = isDeleting(claim) || Boolean(claim.spec.volumeName);
  if (volume) {
    const step = world.bindsDirectly && driver ? decideBinding(claim, volume, driver) : undefined;
    // Until the claim is bound there is nothing to release: whoever binds does it in the same write.
    return step ?? (mayHaveMade && unwanted ? { do: 'release' } : { do: 'nothing' });
  }
  if (unwanted && !mayHaveMade) return { do: 'nothing' };
  if (!driver && unwanted) {
    const message = `driver ${provisioner} may have made a volume for it and is not plugged in: plug it in again`;
    return { do: 'wait for driver', message };
  }
  if (!driver) return { do: 'nothing' };
  if (unwanted) return { do: 'abandon', driver };
  if (dataSourceOf(claim)?.kind === 'populator') return { do: 'leave to populator' };
  if (!storageClass) return { do: 'refuse', message: `storageclass.storage.k8s.io "${classOf(claim)}" not found` };
  if (storageClass.provisioner !== driver.name) {
    const { name } = storageClass.metadata;
    return { do: 'refuse', message: `StorageClass ${name} is of ${storageClass.provisioner}, not of ${driver.name}` };
  }
  if (waitsForConsumer(storageClass) && !claim.metadata.annotations?.[selectedNodeAnnotation]) return { do: 'nothing' };
  return { do: 'provision', driver, storageClass };
}

/**
 * The driver that is to make the claim's volume: the one that the binder has written on the claim. Who binds directly
 * need not wait for that word, where the binder would give it: for a claim that names neither a volume nor labels.
 */
export function driverNameFor(
  claim: PersistentVolumeClaim,
  storageClass: StorageClass | undefined,
  bindsDirectly: boolean,
): string | undefined {
  const told = provisionerOf(claim);
  if (told !== undefined || !bindsDirectly || claim.spec.selector || claim.spec.volumeName) return told;
  return storageClass?.provisioner;
}

/** Whether a class's claims wait for the node of their first consumer. */
export function waitsForConsumer({ volumeBindingMode }: StorageClass): boolean {
  return volumeBindingMode === 'WaitForFirstConsumer';
}

/** What is left to write for a claim and the volume that was made for it; undefined if nothing is. */
function decideBinding(claim: PersistentVolumeClaim, volume: PersistentVolume, driver: Driver): ClaimStep | undefined {
  const { claimRef, csi } = volume.spec;
  if (claimRef?.uid !== claim.metadata.uid || csi?.driver !== driver.name || isDeleting(volume)) return undefined;
  const phase = volume.status?.phase ?? 'Pending';
  if (phase === 'Released' || phase === 'Failed') return undefined;
  const { volumeName } = claim.spec;
  if (volumeName && volumeName !== volume.metadata.name) return { do: 'withdraw', volume };
  if (!volumeName && isDeleting(claim)) return undefined;
  const isBound =
    volumeName !== undefined &&
    claim.metadata.annotations?.[bindCompletedAnnotation] !== undefined &&
    claim.status?.phase === 'Bound' &&
    phase === 'Bound' &&
    !hasFinalizer(claim, provisioningFinalizer);
  return isBound ? undefined : { do: 'bind', volume };
}
