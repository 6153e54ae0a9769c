import { ensureNoFinalizer } from '../../api/finalizers.ts';
import { fail, isCode } from '../../lib/errors.ts';
import { volumeNameFor } from '../../model/claims/claims.ts';
import { provisioningFinalizer } from '../../model/claims/well-known.ts';
import { type PersistentVolumeClaim, persistentVolumeClaims, persistentVolumes } from '../../model/kinds/core.ts';
import type { StorageClass } from '../../model/kinds/storage.ts';
import { createVolumeRequest } from '../create-volume/request.ts';
import type { Driver } from '../drivers/driver.ts';
import { describeFailure, outcomeOf } from '../requests/outcome.ts';
import type { ProvisionerParts } from './parts.ts';
import { callCreateVolume, callDeleteVolume } from './provision.ts';

/** Sees to it that no volume exists for a claim that nobody wants any more, and lets the claim go. */
export async function abandon(
  parts: ProvisionerParts,
  claim: PersistentVolumeClaim,
  storageClass: StorageClass | undefined,
  driver: Driver,
): Promise<void> {
  // The view may lag behind; a volume that is recorded has its own way out.
  const recorded = await parts.api.get(persistentVolumes, { name: volumeNameFor(claim) });
  if (!recorded && !parts.knowledge.isClean(claim)) {
    try {
      await removeUnrecorded(parts, claim, storageClass, driver);
    } catch (error) {
      const why = `can't make sure that no volume was made for the deleted claim: ${describeFailure(error)}`;
      parts.events.warning(claim, 'ProvisioningCleanupFailed', why);
      throw error;
    }
  }
  await release(parts, claim);
}

/** Lets the claim go its way: nothing that was made for it is unrecorded. */
export async function release({ api }: ProvisionerParts, claim: PersistentVolumeClaim): Promise<void> {
  await ensureNoFinalizer(api, persistentVolumeClaims, claim, provisioningFinalizer);
}

/**
 * Asks the driver for the volume once more, by the name that makes it the same one, since only its answer tells the
 * id to delete.
 */
async function removeUnrecorded(
  parts: ProvisionerParts,
  claim: PersistentVolumeClaim,
  storageClass: StorageClass | undefined,
  driver: Driver,
): Promise<void> {
  const volume = volumeNameFor(claim);
  const gone = `its StorageClass is gone: create it again, or delete ${volume} by hand and remove the finalizer`;
  const wanted = await parts.wants.ofAbandoned(claim, storageClass ?? fail('not-ready', gone), driver);
  const request = createVolumeRequest(wanted, driver);
  const answer = await callCreateVolume(parts, claim, driver, request).catch((error: unknown) => {
    // If it exists as something else than what is asked for now, its id stays unknown.
    if (outcomeOf(error) === 'unknown' || isCode(error, 'already-exists')) throw error;
    return undefined;
  });
  await callDeleteVolume(driver, answer?.volume?.volumeId, wanted.secrets);
  parts.log.info({ volume, claim: claim.metadata.name }, 'nothing is left of the volume of a deleted claim');
}
