import { fail, isCode } from '../../lib/errors.ts';
import {
  type PersistentVolume,
  type PersistentVolumeClaim,
  persistentVolumeClaims,
  persistentVolumes,
} from '../../model/kinds/core.ts';
import type { StorageClass } from '../../model/kinds/storage.ts';
import { isDeleting, refTo } from '../../model/object.ts';
import type { SidecarContext } from '../context.ts';
import type { Driver } from '../drivers/driver.ts';
import { describeFailure, isExhausted, outcomeOf } from '../drivers/outcome.ts';
import { dataSourceOf, provisionerOf, volumeNameFor } from '../shared/claims.ts';
import type { Complaints } from '../shared/complaints.ts';
import { ensureFinalizer, hasFinalizer } from '../shared/finalizers.ts';
import type { Freshest } from '../shared/freshest.ts';
import {
  betaStorageProvisionerAnnotation,
  boundByControllerAnnotation,
  cloningFinalizer,
  provisioningFinalizer,
  selectedNodeAnnotation,
  storageProvisionerAnnotation,
} from '../shared/names.ts';
import { measuredStep } from '../shared/step.ts';
import type { Knowledge } from './knowledge.ts';
import { createVolumeRequest } from './request.ts';
import { checkAnswer, volumeFor } from './volume.ts';
import type { Wants } from './want.ts';

export interface ProvisionerParts extends SidecarContext {
  /** Whether claims are bound to their new volumes here. */
  readonly bindsDirectly: boolean;
  readonly claims: Freshest<PersistentVolumeClaim>;
  readonly volumes: Freshest<PersistentVolume>;
  readonly wants: Wants;
  readonly knowledge: Knowledge;
  readonly complaints: Complaints;
}

/** Milliseconds after which a claim that still waits for its driver is told so. */
const patience = 1_000;

/** A claim and the PersistentVolume that records what was made for it. */
export interface Provisioned {
  readonly claim: PersistentVolumeClaim;
  readonly volume: PersistentVolume;
}

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
      const claim = await markInProgress(parts, found, driver);
      await protectSource(parts, claim);
      const answer = await createVolume(parts, claim, driver, createVolumeRequest(wanted, driver.capabilities));
      try {
        checkAnswer(wanted, answer);
      } catch (error) {
        await deleteVolume(driver, answer.volume?.volumeId, wanted.secrets);
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
    if (isExhausted(error)) await reschedule(parts, found, driver);
    throw error;
  }
  events.normal(found, 'ProvisioningSucceeded', `Successfully provisioned volume ${name}`);
  log.info(
    { volume: name, claim: found.metadata.name, ms: Math.round(performance.now() - started) },
    'volume provisioned',
  );
  return provisioned;
}

/**
 * Ensures provisioningFinalizer and, where no binder has written whom the volume is waited for from, that too. Whatever
 * else is written to the claim meanwhile is no hindrance. Throws `conflict` if the claim takes no more marks.
 */
async function markInProgress(
  { api, claims, bindsDirectly }: ProvisionerParts,
  claim: PersistentVolumeClaim,
  { name }: Driver,
): Promise<PersistentVolumeClaim> {
  const isTold = provisionerOf(claim) !== undefined;
  if (isTold && hasFinalizer(claim, provisioningFinalizer)) return claim;
  if (!bindsDirectly) return await ensureFinalizer(api, persistentVolumeClaims, claim, provisioningFinalizer);
  const annotations = isTold ? {} : { [storageProvisionerAnnotation]: name, [betaStorageProvisionerAnnotation]: name };
  const { uid } = claim.metadata;
  const body = { metadata: { uid, annotations, finalizers: [provisioningFinalizer] } };
  try {
    return claims.note(await api.patch(persistentVolumeClaims, refTo(claim), { type: 'strategic', body }));
  } catch (error) {
    if (!isCode(error, 'invalid', 'not-found')) throw error;
    const now = await api.get(persistentVolumeClaims, refTo(claim));
    if (now?.metadata.uid === uid && now && !isDeleting(now)) throw error;
    return fail('conflict', `the claim ${claim.metadata.name} is going`, error);
  }
}

/** Calls CreateVolume, and keeps in mind what its answer says about what may have been made. */
export async function createVolume(
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
export async function deleteVolume(driver: Driver, id: string | undefined, secrets: Readonly<Record<string, string>>) {
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

/** The source of a clone must not go while it is being read. */
async function protectSource({ api, claims }: ProvisionerParts, claim: PersistentVolumeClaim): Promise<void> {
  const source = dataSourceOf(claim);
  if (source?.kind !== 'claim') return;
  const from = claims.get({ namespace: claim.metadata.namespace, name: source.name });
  if (from) claims.note(await ensureFinalizer(api, persistentVolumeClaims, from, cloningFinalizer));
}

/** There is no room on the node that was chosen: where there are others, the choice is made again. */
async function reschedule({ api, wants }: ProvisionerParts, claim: PersistentVolumeClaim, driver: Driver) {
  if (!claim.metadata.annotations?.[selectedNodeAnnotation] || wants.nodesWith(driver.name) < 2) return;
  const body = { metadata: { annotations: { [selectedNodeAnnotation]: null } } };
  await api.patch(persistentVolumeClaims, refTo(claim), { type: 'merge', body });
}
