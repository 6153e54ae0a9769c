import { ensureFinalizer } from '../../api/finalizers.ts';
import { fail } from '../../lib/errors.ts';
import { attacherFinalizer } from '../../model/claims/well-known.ts';
import { type PersistentVolume, persistentVolumes } from '../../model/kinds/core.ts';
import { csiNodes, type VolumeAttachment, volumeAttachments } from '../../model/kinds/storage.ts';
import { refTo } from '../../model/object.ts';
import type { SidecarContext } from '../context.ts';
import type { Driver } from '../drivers/driver.ts';
import { volumeCapability } from '../requests/capability.ts';
import { readSecret, secretOf } from '../requests/secrets.ts';

/** On an attachment: what the driver calls the node, so that detaching needs no node any more. */
const nodeIdAnnotation = 'csi.alpha.kubernetes.io/node-id';

/** Makes the volume reachable from the node, and returns what NodeStageVolume must be told. */
export async function attach(
  { api }: SidecarContext,
  attachment: VolumeAttachment,
  driver: Driver,
): Promise<Readonly<Record<string, string>>> {
  const found = await volumeOf({ api }, attachment, driver);
  const nodeId = await nodeIdOf({ api }, attachment, driver);
  await mark({ api }, attachment, driver, nodeId);
  const volume = await ensureFinalizer(api, persistentVolumes, found, attacherFinalizer(driver.name));
  const { csi } = volume.spec;
  const answer = await driver.client.controller.controllerPublishVolume({
    volumeId: csi?.volumeHandle ?? '',
    nodeId,
    volumeCapability: volumeCapability(volume, driver.capabilities.controllerSingleNodeMultiWriter),
    readonly: driver.capabilities.publishReadonly && (csi?.readOnly ?? false),
    volumeContext: { ...csi?.volumeAttributes },
    secrets: await readSecret(api, secretOf(csi?.controllerPublishSecretRef)),
  });
  return answer.publishContext;
}

/** Makes the volume unreachable from the node. A volume that the driver no longer knows is. */
export async function detach({ api }: SidecarContext, attachment: VolumeAttachment, driver: Driver): Promise<void> {
  const { spec } = await volumeOf({ api }, attachment, driver);
  await driver.client.controller.controllerUnpublishVolume({
    volumeId: spec.csi?.volumeHandle ?? '',
    nodeId: await nodeIdOf({ api }, attachment, driver),
    secrets: await readSecret(api, secretOf(spec.csi?.controllerPublishSecretRef)),
  });
}

type Reader = Pick<SidecarContext, 'api'>;

async function volumeOf({ api }: Reader, { spec }: VolumeAttachment, driver: Driver): Promise<PersistentVolume> {
  const name = spec.source.persistentVolumeName;
  if (!name) return fail('unsupported', 'the attachment names no PersistentVolume; inline volumes are not supported');
  const volume = (await api.get(persistentVolumes, { name })) ?? fail('not-found', `PersistentVolume ${name} is gone`);
  if (volume.spec.csi?.driver !== driver.name)
    fail('invalid', `PersistentVolume ${name} is not of driver ${driver.name}`);
  return volume;
}

async function nodeIdOf({ api }: Reader, { metadata, spec }: VolumeAttachment, driver: Driver): Promise<string> {
  const saved = metadata.annotations?.[nodeIdAnnotation];
  if (saved) return saved;
  const node = await api.get(csiNodes, { name: spec.nodeName });
  const entry = node?.spec.drivers?.find(({ name }) => name === driver.name);
  return entry?.nodeID ?? fail('not-ready', `node ${spec.nodeName} does not run driver ${driver.name} yet`);
}

/** Puts our finalizer and the node's id on the attachment, in one write, before the driver is asked. */
async function mark({ api }: Reader, attachment: VolumeAttachment, driver: Driver, nodeId: string): Promise<void> {
  const { finalizers = [], annotations, resourceVersion } = attachment.metadata;
  const finalizer = attacherFinalizer(driver.name);
  if (finalizers.includes(finalizer) && annotations?.[nodeIdAnnotation] === nodeId) return;
  const all = [...new Set([...finalizers, finalizer])];
  const body = { metadata: { finalizers: all, annotations: { [nodeIdAnnotation]: nodeId }, resourceVersion } };
  await api.patch(volumeAttachments, refTo(attachment), { type: 'merge', body });
}
