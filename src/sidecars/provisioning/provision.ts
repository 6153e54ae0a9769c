import { fail, isCode } from '../../lib/errors.ts';
import { volumeNameFor } from '../../model/claims/claims.ts';
import { boundByControllerAnnotation } from '../../model/claims/well-known.ts';
import { type PersistentVolume, type PersistentVolumeClaim, persistentVolumes } from '../../model/kinds/core.ts';
import type { StorageClass } from '../../model/kinds/storage.ts';
import { refTo } from '../../model/object.ts';
import { checkAnswer, volumeFor } from '../create-volume/answer.ts';
import { createVolumeRequest } from '../create-volume/request.ts';
import type { Driver } from '../drivers/driver.ts';
import { measuredStep } from '../measured-step.ts';
import { describeFailure, outcomeOf } from '../requests/outcome.ts';
import { markInProgress, protectSource } from './mark.ts';
import type { Provisioned, ProvisionerParts } from './parts.ts';

/** Milliseconds after which a claim that still waits for its driver is told so. */
const patience = 1_000;

/**
 * Makes the volume of a claim and records it in a PersistentVolume. The claim carries provisioningFinalizer before the
 * driver is asked, so that whatever a killed process may have made is still named by something.
 */
export async function provision(
  parts: ProvisionerParts,
  found: PersistentVolumeClaim,
  storageClass: StorageClass,
  driver: Driver,
): Promise<Provisioned> {
  const { complaints, events, log, meter, knowledge } = parts;
  const name = volumeNameFor(found);
  const started = performance.now();
  let provisioned: Provisioned;
  try {
    provisioned = await measuredStep(meter, 'provision', async () => {
      const wanted = await parts.wants.of(found, storageClass, driver);
      const claim = await markInProgress(parts, found, driver.name);
      await protectSource(parts, claim);
      const answer = await callCreateVolume(parts, claim, driver, createVolumeRequest(wanted, driver));
      try {
        checkAnswer(wanted, answer);
      } catch (error) {
        await callDeleteVolume(driver, answer.volume?.volumeId, wanted.secrets);
        knowledge.hasMadeNothing(claim);
        throw error;
      }
      return { claim, volume: await recordVolume(parts, volumeFor({ ...wanted, claim }, driver, answer)) };
    });
  } catch (error) {
    if (isCode(error, 'conflict')) throw error;
    const className = storageClass.metadata.name;
    const why = `failed to provision volume with StorageClass "${className}": ${describeFailure(error)}`;
    if (complaints.warn(found, 'ProvisioningFailed', why)) {
      log.warn({ claim: found.metadata.name, namespace: found.metadata.namespace, reason: why }, 'no volume yet');
    }
    throw error;
  }
  events.normal(found, 'ProvisioningSucceeded', `Successfully provisioned volume ${name}`);
  log.info(
    { volume: name, claim: found.metadata.name, ms: Math.round(performance.now() - started) },
    'volume provisioned',
  );
  return provisioned;
}

/** Calls CreateVolume, and keeps in mind what its answer says about what may have been made. */
export async function callCreateVolume(
  { events, knowledge }: ProvisionerParts,
  claim: PersistentVolumeClaim,
  driver: Driver,
  request: ReturnType<typeof createVolumeRequest>,
) {
  const { namespace, name } = claim.metadata;
  const news = `External provisioner is provisioning volume for claim "${namespace}/${name}"`;
  const timer = setTimeout(() => events.normal(claim, 'Provisioning', news), patience);
  knowledge.mayHaveMade(claim);
  try {
    return await driver.client.controller.createVolume(request);
  } catch (error) {
    if (outcomeOf(error) === 'none') knowledge.hasMadeNothing(claim);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Deletes what an answer named, if it named something. */
export async function callDeleteVolume(
  driver: Driver,
  id: string | undefined,
  secrets: Readonly<Record<string, string>>,
) {
  if (id) await driver.client.controller.deleteVolume({ volumeId: id, secrets });
}

async function recordVolume(
  { api, volumes, bindsDirectly }: ProvisionerParts,
  { metadata, ...volume }: PersistentVolume,
): Promise<PersistentVolume> {
  const marks = bindsDirectly ? { [boundByControllerAnnotation]: 'yes' } : {};
  const marked = { ...volume, metadata: { ...metadata, annotations: { ...metadata.annotations, ...marks } } };
  try {
    return volumes.note(await api.create(persistentVolumes, marked));
  } catch (error) {
    if (!isCode(error, 'already-exists')) throw error;
    return (await api.get(persistentVolumes, refTo(marked))) ?? fail('conflict', `${metadata.name} has just gone`);
  }
}
