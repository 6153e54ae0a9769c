import { ensureFinalizer, hasFinalizer } from '../../api/finalizers.ts';
import { fail, isCode } from '../../lib/errors.ts';
import { dataSourceOf, provisionerOf } from '../../model/claims/claims.ts';
import {
  betaStorageProvisionerAnnotation,
  cloningFinalizer,
  provisioningFinalizer,
  storageProvisionerAnnotation,
} from '../../model/claims/well-known.ts';
import { type PersistentVolumeClaim, persistentVolumeClaims } from '../../model/kinds/core.ts';
import { isDeleting, refTo } from '../../model/object.ts';
import type { ProvisionerParts } from './parts.ts';

/**
 * Ensures provisioningFinalizer and, where no binder has written whom the volume is waited for from, that too: both in
 * one write, which nothing that others write to the claim meanwhile can hinder. Throws `conflict` if the claim takes no
 * more marks, since it is going.
 */
export async function markInProgress(
  { api, claims, bindsDirectly }: ProvisionerParts,
  claim: PersistentVolumeClaim,
  driver: string,
): Promise<PersistentVolumeClaim> {
  const isTold = provisionerOf(claim) !== undefined;
  if (isTold && hasFinalizer(claim, provisioningFinalizer)) return claim;
  if (!bindsDirectly) return await ensureFinalizer(api, persistentVolumeClaims, claim, provisioningFinalizer);
  const told = { [storageProvisionerAnnotation]: driver, [betaStorageProvisionerAnnotation]: driver };
  const { uid } = claim.metadata;
  const body = { metadata: { uid, finalizers: [provisioningFinalizer], ...(!isTold && { annotations: told }) } };
  try {
    return claims.note(await api.patch(persistentVolumeClaims, refTo(claim), { type: 'strategic', body }));
  } catch (error) {
    if (!isCode(error, 'invalid', 'not-found')) throw error;
    const now = await api.get(persistentVolumeClaims, refTo(claim));
    if (now && now.metadata.uid === uid && !isDeleting(now)) throw error;
    return fail('conflict', `claim ${claim.metadata.name} is going`, error);
  }
}

/** The source of a clone must not go while it is being read. */
export async function protectSource({ api, claims }: ProvisionerParts, claim: PersistentVolumeClaim): Promise<void> {
  const source = dataSourceOf(claim);
  if (source?.kind !== 'claim') return;
  const from = claims.get({ namespace: claim.metadata.namespace, name: source.name });
  if (from) claims.note(await ensureFinalizer(api, persistentVolumeClaims, from, cloningFinalizer));
}
