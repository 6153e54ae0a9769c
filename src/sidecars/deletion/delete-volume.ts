import type { Informer } from '../../api/api.ts';
import { Controller } from '../../api/controller.ts';
import { ensureNoFinalizer, hasFinalizer } from '../../api/finalizers.ts';
import { fail, isCode, messageOf } from '../../lib/errors.ts';
import { volumeNameFor } from '../../model/claims/claims.ts';
import {
  deletionSecretName,
  deletionSecretNamespace,
  provisionedByAnnotation,
  provisionerFinalizer,
  volumeProtectionFinalizer,
} from '../../model/claims/well-known.ts';
import { type PersistentVolume, persistentVolumeClaims, persistentVolumes } from '../../model/kinds/core.ts';
import { type VolumeAttachment, volumeAttachments } from '../../model/kinds/storage.ts';
import { isDeleting, refTo } from '../../model/object.ts';
import type { Sidecar, SidecarContext } from '../context.ts';
import type { Driver } from '../drivers/driver.ts';
import { measuredStep } from '../measured-step.ts';
import { Freshest } from '../objects/freshest.ts';
import { describeFailure } from '../requests/outcome.ts';
import { readSecret, secretOf } from '../requests/secrets.ts';
import { isToBeDeleted } from './decide.ts';
import { GoneClaims } from './gone-claims.ts';

export interface VolumeDeletionOptions extends SidecarContext {
  /** Whether a volume counts as released as soon as its claim is seen to go, before a binder says so. Default false. */
  readonly directBinding?: boolean;
}

/** Deletes what was provisioned when its claim is gone: the volume, with its driver, then the PersistentVolume. */
export function createVolumeDeletion(context: VolumeDeletionOptions): Sidecar {
  const { api, drivers, log, events, directBinding = false } = context;
  const informer = api.informer(persistentVolumes);
  const volumes = new Freshest(informer);
  const claims = api.informer(persistentVolumeClaims);
  const gone = new GoneClaims(claims);
  /** Deleted by us, by uid; the view may show them a little longer. */
  const done = new Set<string>();
  const attachments: Informer<VolumeAttachment> = api.informer(volumeAttachments);
  const attachedTo = attachments.index('volume', ({ spec }) => [spec.source.persistentVolumeName ?? '']);
  const isDue = (volume: PersistentVolume, driver: string) =>
    isToBeDeleted(volume, driver, directBinding && gone.has(volume.spec.claimRef?.uid));
  const madeBy = informer.index('made by', ({ metadata }) => [metadata.annotations?.[provisionedByAnnotation] ?? '']);

  /** The volume as it is; what its administrator has just changed may not be in view while its claim's end is. */
  const asItIs = async (seen: PersistentVolume): Promise<PersistentVolume | undefined> => {
    if (seen.status?.phase === 'Released' || !gone.has(seen.spec.claimRef?.uid)) return seen;
    return await api.get(persistentVolumes, refTo(seen));
  };

  const reconcile = async (name: string) => {
    const seen = volumes.get({ name });
    const driver = drivers.get(seen?.metadata.annotations?.[provisionedByAnnotation] ?? '');
    if (!seen || !driver || done.has(seen.metadata.uid ?? '')) return;
    const volume = directBinding ? await asItIs(seen) : seen;
    if (!volume || volume.metadata.uid !== seen.metadata.uid) return;
    if (isDeleting(volume) && !hasFinalizer(volume, provisionerFinalizer)) return;
    if (!isDue(volume, driver.name)) {
      if (directBinding && isToBeReleased(volume, gone)) volumes.note(await releaseVolume(context, volume));
      if (isDeleting(volume) && volume.spec.persistentVolumeReclaimPolicy !== 'Delete') {
        await ensureNoFinalizer(api, persistentVolumes, volume, provisionerFinalizer);
      }
      return;
    }
    try {
      await measuredStep(context.meter, 'delete', () => deleteWithDriver(context, volume, driver, attachedTo(name)));
    } catch (error) {
      events.warning(volume, 'VolumeFailedDelete', describeFailure(error));
      throw error;
    }
    // Cut off in between, the volume is still to be deleted, and deleting it again is no error.
    await deleteObject(context, volume);
    done.add(volume.metadata.uid ?? '');
    log.info({ volume: name, driver: driver.name }, 'volume deleted');
  };

  const controller = new Controller({ name: 'volume-deletion', log, concurrency: 64, reconcile })
    .watch(informer, (volume, { type }) => {
      if (type === 'deleted') done.delete(volume.metadata.uid ?? '');
      return volume.status?.phase === 'Released' || isDeleting(volume) ? [volume.metadata.name] : [];
    })
    .watch(claims, (claim, { type }) =>
      directBinding && type === 'deleted' ? [claim.spec.volumeName ?? volumeNameFor(claim)] : [],
    )
    .watch(attachments, ({ spec }, { type }) =>
      type === 'deleted' && spec.source.persistentVolumeName ? [spec.source.persistentVolumeName] : [],
    );
  return {
    controller,
    wake: (driver) => {
      for (const volume of madeBy(driver)) if (isDue(volume, driver)) controller.add(volume.metadata.name);
    },
    close: () => {
      gone[Symbol.dispose]();
      volumes[Symbol.dispose]();
    },
  };
}

/** True for a volume that stays though its claim is surely gone; while the binder has to say so, it binds nothing else. */
function isToBeReleased(volume: PersistentVolume, gone: GoneClaims): boolean {
  return volume.status?.phase === 'Bound' && gone.has(volume.spec.claimRef?.uid);
}

async function releaseVolume({ api }: SidecarContext, volume: PersistentVolume): Promise<PersistentVolume> {
  const body = { metadata: { uid: volume.metadata.uid }, status: { phase: 'Released' } };
  return await api.patch(persistentVolumes, refTo(volume), { type: 'merge', body }, { subresource: 'status' });
}

/** Both finalizers go in one write: nothing that others write meanwhile hinders it. */
async function deleteObject({ api }: SidecarContext, volume: PersistentVolume): Promise<void> {
  const { uid } = volume.metadata;
  const finalizers = [provisionerFinalizer, volumeProtectionFinalizer];
  const body = { metadata: { uid, '$deleteFromPrimitiveList/finalizers': finalizers } };
  try {
    await api.patch(persistentVolumes, refTo(volume), { type: 'strategic', body });
    await api.delete(persistentVolumes, refTo(volume), { preconditions: { uid } });
  } catch (error) {
    if (!isCode(error, 'not-found')) throw error;
  }
}

async function deleteWithDriver(
  { api, log }: SidecarContext,
  { metadata, spec }: PersistentVolume,
  driver: Driver,
  attachments: readonly VolumeAttachment[],
): Promise<void> {
  const [attached] = attachments;
  if (attached) fail('in-use', `persistentvolume ${metadata.name} is still attached to node ${attached.spec.nodeName}`);
  if (!driver.capabilities.createVolume) fail('unsupported', `driver ${driver.name} does not delete volumes`);
  const name = secretOf({
    name: metadata.annotations?.[deletionSecretName],
    namespace: metadata.annotations?.[deletionSecretNamespace],
  });
  const secrets = await readSecret(api, name).catch((error: unknown) => {
    // Its namespace may have gone before the volume; many drivers delete without it.
    log.warn({ volume: metadata.name, reason: messageOf(error) }, 'deleting a volume without its secret');
    return {};
  });
  await driver.client.controller.deleteVolume({ volumeId: spec.csi?.volumeHandle ?? '', secrets });
}
