import type { Snapshot as CsiSnapshot } from '../../csi/protocol/csi_pb.ts';
import { RpcError } from '../../csi/transport/codes.ts';
import { timestamp } from '../../lib/clock.ts';
import { fail, isCode } from '../../lib/errors.ts';
import {
  contentBoundFinalizer,
  snapshotBeingCreatedAnnotation,
  snapshotDeletionSecretName,
  snapshotDeletionSecretNamespace,
} from '../../model/claims/well-known.ts';
import {
  type VolumeSnapshotContent,
  volumeSnapshotClasses,
  volumeSnapshotContents,
} from '../../model/kinds/storage.ts';
import { refTo } from '../../model/object.ts';
import type { SidecarContext } from '../context.ts';
import type { Driver } from '../drivers/driver.ts';
import { outcomeOf } from '../requests/outcome.ts';
import { readSecret, secretOf } from '../requests/secrets.ts';
import { snapshotParameters, snapshotSecret } from './classes.ts';

/** Takes the snapshot, or learns how it is: CreateSnapshot of a name that exists answers for the one that exists. */
export async function takeSnapshot(
  context: SidecarContext,
  found: VolumeSnapshotContent,
  driver: Driver,
): Promise<CsiSnapshot> {
  const { api } = context;
  if (!driver.capabilities.snapshots) fail('unsupported', `driver ${driver.name} does not take snapshots`);
  const className = found.spec.volumeSnapshotClassName ?? '';
  const parameters = (await api.get(volumeSnapshotClasses, { name: className }))?.parameters ?? {};
  const content = found.status?.snapshotHandle ? found : await markBeingCreated(context, found);
  const { snapshot } = await driver.client.controller.createSnapshot({
    name: `snapshot-${content.spec.volumeSnapshotRef.uid}`,
    sourceVolumeId: content.spec.source.volumeHandle ?? '',
    parameters: snapshotParameters(parameters),
    secrets: await readSecret(api, deletionSecret(content)),
  });
  return snapshot ?? fail('internal', `driver ${driver.name} answered without a snapshot`);
}

/** Takes away a snapshot that may have been taken: asks for it once more, since only the answer tells the id. */
export async function deleteUnrecorded(
  context: SidecarContext,
  content: VolumeSnapshotContent,
  driver: Driver,
): Promise<void> {
  const snapshot = await takeSnapshot(context, content, driver).catch((error: unknown) => {
    const isAnswer = error instanceof RpcError || isCode(error, 'unsupported');
    if (!isAnswer || outcomeOf(error) === 'unknown' || isCode(error, 'already-exists')) throw error;
    return undefined;
  });
  if (snapshot) await callDeleteSnapshot(context, content, snapshot.snapshotId, driver);
}

/** Looks at a snapshot that was there before; a driver that can't list is believed to have it. */
export async function lookAtSnapshot(
  { api }: SidecarContext,
  content: VolumeSnapshotContent,
  driver: Driver,
): Promise<Partial<CsiSnapshot> & { snapshotId: string; readyToUse: boolean }> {
  const snapshotId = content.spec.source.snapshotHandle ?? '';
  if (!driver.capabilities.listSnapshots) return { snapshotId, readyToUse: true };
  const className = content.spec.volumeSnapshotClassName ?? '';
  const parameters = (await api.get(volumeSnapshotClasses, { name: className }))?.parameters ?? {};
  const { name = '', namespace } = content.spec.volumeSnapshotRef;
  const secret = snapshotSecret('snapshotter-list', parameters, { name, namespace }, content.metadata.name);
  const secrets = await readSecret(api, secret);
  const { entries } = await driver.client.controller.listSnapshots({ snapshotId, secrets });
  const entry = entries.find(({ snapshot }) => snapshot?.snapshotId === snapshotId)?.snapshot;
  return entry ?? fail('not-found', `can not find snapshot for snapshotID ${snapshotId} in driver ${driver.name}`);
}

/** Deletes the snapshot with its driver. */
export async function callDeleteSnapshot(
  { api }: SidecarContext,
  content: VolumeSnapshotContent,
  snapshotId: string,
  driver: Driver,
): Promise<void> {
  if (!driver.capabilities.snapshots) fail('unsupported', `driver ${driver.name} does not delete snapshots`);
  const secrets = await readSecret(api, deletionSecret(content));
  await driver.client.controller.deleteSnapshot({ snapshotId, secrets });
}

/** Writes what the driver says about a snapshot. */
export async function recordSnapshot(
  { api }: SidecarContext,
  content: VolumeSnapshotContent,
  snapshot: Partial<CsiSnapshot> & { snapshotId: string; readyToUse: boolean },
): Promise<void> {
  const { snapshotId, creationTime, sizeBytes = 0n, readyToUse } = snapshot;
  const at = creationTime && creationTime.seconds * 1_000_000_000n + BigInt(creationTime.nanos);
  const time = at ?? BigInt(content.status?.creationTime ?? Date.now() * 1_000_000);
  const status = {
    snapshotHandle: snapshotId,
    creationTime: Number(time),
    restoreSize: Number(sizeBytes),
    readyToUse,
    error: null,
  };
  const body = { status };
  await api.patch(volumeSnapshotContents, refTo(content), { type: 'merge', body }, { subresource: 'status' });
  if (content.metadata.annotations?.[snapshotBeingCreatedAnnotation]) await unmarkBeingCreated({ api }, content);
}

/** Writes that the driver could not; nothing if that is what the content says already. */
export async function recordFailure({ api }: SidecarContext, content: VolumeSnapshotContent, message: string) {
  if (content.status?.error?.message === message) return;
  const body = { status: { readyToUse: false, error: { time: timestamp(), message } } };
  await api.patch(volumeSnapshotContents, refTo(content), { type: 'merge', body }, { subresource: 'status' });
}

function deletionSecret({ metadata }: VolumeSnapshotContent) {
  return secretOf({
    name: metadata.annotations?.[snapshotDeletionSecretName],
    namespace: metadata.annotations?.[snapshotDeletionSecretNamespace],
  });
}

async function markBeingCreated({ api }: SidecarContext, content: VolumeSnapshotContent) {
  const { finalizers = [], annotations, resourceVersion } = content.metadata;
  if (annotations?.[snapshotBeingCreatedAnnotation] && finalizers.includes(contentBoundFinalizer)) return content;
  const all = [...new Set([...finalizers, contentBoundFinalizer])];
  const marks = { [snapshotBeingCreatedAnnotation]: 'yes' };
  const body = { metadata: { finalizers: all, annotations: marks, resourceVersion } };
  return await api.patch(volumeSnapshotContents, refTo(content), { type: 'merge', body });
}

async function unmarkBeingCreated({ api }: Pick<SidecarContext, 'api'>, content: VolumeSnapshotContent) {
  const body = { metadata: { annotations: { [snapshotBeingCreatedAnnotation]: null } } };
  await api.patch(volumeSnapshotContents, refTo(content), { type: 'merge', body });
}
