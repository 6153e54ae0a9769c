import { Controller } from '../../api/controller.ts';
import { ensureNoFinalizer, hasFinalizer } from '../../api/finalizers.ts';
import { timestamp } from '../../lib/clock.ts';
import { isCode, unreachable } from '../../lib/errors.ts';
import { attacherFinalizer } from '../../model/claims/well-known.ts';
import { persistentVolumes } from '../../model/kinds/core.ts';
import { type VolumeAttachment, volumeAttachments } from '../../model/kinds/storage.ts';
import { isDeleting, refTo } from '../../model/object.ts';
import type { Sidecar, SidecarContext } from '../context.ts';
import { measuredStep } from '../measured-step.ts';
import { describeFailure } from '../requests/outcome.ts';
import { attach, detach } from './attach.ts';
import { decideAttachment } from './decide.ts';

type AttachmentStatus = NonNullable<VolumeAttachment['status']>;

/** Attaches and detaches volumes as VolumeAttachments wish; those of drivers that need no attaching are marked so. */
export function createAttacher(context: SidecarContext): Sidecar {
  const { api, drivers, log, meter } = context;
  const attachments = api.informer(volumeAttachments);
  const ofDriver = attachments.index('attacher', ({ spec }) => [spec.attacher]);

  const reconcile = async (name: string): Promise<void> => {
    const attachment = attachments.get({ name });
    const driver = attachment && drivers.get(attachment.spec.attacher);
    if (!attachment || !driver) return;
    const letGo = () => ensureNoFinalizer(api, volumeAttachments, attachment, attacherFinalizer(driver.name));
    const step = decideAttachment(attachment, driver);
    switch (step) {
      case 'nothing':
        return;
      case 'let go':
        await letGo();
        return;
      case 'mark attached':
        return await setStatus(context, attachment, { attached: true });
      case 'attach':
        try {
          const attachmentMetadata = await measuredStep(meter, 'attach', () => attach(context, attachment, driver));
          await setStatus(context, attachment, { attached: true, attachmentMetadata, attachError: null });
        } catch (error) {
          await setError(context, attachment, 'attachError', error);
        }
        return;
      case 'detach':
        try {
          await measuredStep(meter, 'detach', () => detach(context, attachment, driver));
        } catch (error) {
          await setError(context, attachment, 'detachError', error);
        }
        await letGo();
        return;
      default:
        unreachable(step);
    }
  };

  const controller = new Controller({ name: 'attacher', log, reconcile }).watch(
    attachments,
    ({ metadata }, { type }) => (type === 'deleted' ? [] : [metadata.name]),
  );
  return {
    controller,
    wake: (driver) => {
      for (const { metadata } of ofDriver(driver)) controller.add(metadata.name);
    },
  };
}

/** Lets a PersistentVolume that is being deleted go when it is attached nowhere. */
export function createAttachedVolumeProtection({ api, drivers, log }: SidecarContext): Controller {
  const volumes = api.informer(persistentVolumes);
  const attachments = api.informer(volumeAttachments);
  const attachedTo = attachments.index('volume', ({ spec }) => [spec.source.persistentVolumeName ?? '']);
  return new Controller({
    name: 'attached-volume-protection',
    log,
    reconcile: async (name) => {
      const volume = volumes.get({ name });
      const driver = volume?.spec.csi?.driver;
      if (!volume || !driver || !drivers.get(driver) || !isDeleting(volume) || attachedTo(name).length > 0) return;
      await ensureNoFinalizer(api, persistentVolumes, volume, attacherFinalizer(driver));
    },
  })
    .watch(volumes, (volume) => {
      const driver = volume.spec.csi?.driver;
      return driver && isDeleting(volume) && hasFinalizer(volume, attacherFinalizer(driver))
        ? [volume.metadata.name]
        : [];
    })
    .watch(attachments, ({ spec }, { type }) => (type === 'deleted' ? [spec.source.persistentVolumeName ?? ''] : []));
}

/** Writes what is new of a status, so that nothing is written that says nothing. */
async function setStatus({ api }: SidecarContext, attachment: VolumeAttachment, status: AttachmentStatus) {
  const body = { status };
  await api.patch(volumeAttachments, refTo(attachment), { type: 'merge', body }, { subresource: 'status' });
}

async function setError(
  context: SidecarContext,
  attachment: VolumeAttachment,
  field: 'attachError' | 'detachError',
  error: unknown,
): Promise<never> {
  const message = describeFailure(error);
  if (!isCode(error, 'conflict') && attachment.status?.[field]?.message !== message) {
    const attached = attachment.status?.attached ?? false;
    await setStatus(context, attachment, { attached, [field]: { time: timestamp(), message } });
  }
  throw error;
}
