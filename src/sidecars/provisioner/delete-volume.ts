import type { Informer } from '../../api/api.ts';
import { Controller } from '../../api/controller.ts';
import { fail, messageOf } from '../../lib/errors.ts';
import { type PersistentVolume, persistentVolumes } from '../../model/kinds/core.ts';
import { type VolumeAttachment, volumeAttachments } from '../../model/kinds/storage.ts';
import { isDeleting, refTo } from '../../model/object.ts';
import type { Sidecar, SidecarContext } from '../context.ts';
import type { Driver } from '../drivers/driver.ts';
import { describeFailure } from '../drivers/outcome.ts';
import { ensureNoFinalizer, hasFinalizer } from '../shared/finalizers.ts';
import {
  deletionSecretName,
  deletionSecretNamespace,
  provisionedByAnnotation,
  provisionerFinalizer,
  volumeProtectionFinalizer,
} from '../shared/names.ts';
import { readSecret, secretOf } from '../shared/secrets.ts';
import { measuredStep } from '../shared/step.ts';
import { isToBeDeleted } from './decide.ts';

/** Deletes what was provisioned when its claim is gone: the volume, with its driver, then the PersistentVolume. */
export function createVolumeDeletion(context: SidecarContext): Sidecar {
  const { api, drivers, log, events } = context;
  const volumes = api.informer(persistentVolumes);
  const attachments: Informer<VolumeAttachment> = api.informer(volumeAttachments);
  const attachedTo = attachments.index('volume', ({ spec }) => [spec.source.persistentVolumeName ?? '']);
  const dueFrom = volumes.index('to be deleted by', (volume) => {
    const driver = volume.metadata.annotations?.[provisionedByAnnotation];
    return driver && isToBeDeleted(volume, driver) ? [driver] : [];
  });
  const controller = new Controller({
    name: 'volume-deletion',
    log,
    concurrency: 64,
    reconcile: async (name) => {
      const volume = volumes.get({ name });
      const provisionedBy = volume?.metadata.annotations?.[provisionedByAnnotation];
      const driver = provisionedBy === undefined ? undefined : drivers.get(provisionedBy);
      if (!volume || !driver) return;
      if (isDeleting(volume) && !hasFinalizer(volume, provisionerFinalizer)) return;
      if (!isToBeDeleted(volume, driver.name)) {
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
      // Cut off between the two, the volume is still to be deleted, and deleting it again is no error.
      await ensureNoFinalizer(api, persistentVolumes, volume, provisionerFinalizer, volumeProtectionFinalizer);
      const { uid } = volume.metadata;
      await api.delete(persistentVolumes, refTo(volume), { preconditions: { uid } });
      log.info({ volume: name, driver: driver.name }, 'volume deleted');
    },
  })
    .watch(volumes, (volume) =>
      volume.status?.phase === 'Released' || isDeleting(volume) ? [volume.metadata.name] : [],
    )
    .watch(attachments, ({ spec }, { type }) =>
      type === 'deleted' && spec.source.persistentVolumeName ? [spec.source.persistentVolumeName] : [],
    );
  return {
    controller,
    wake: (driver) => {
      for (const { metadata } of dueFrom(driver)) controller.add(metadata.name);
    },
  };
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
