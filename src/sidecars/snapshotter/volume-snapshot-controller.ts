import { Controller, type Result } from '../../api/controller.ts';
import { ensureFinalizer } from '../../api/finalizers.ts';
import { timestamp } from '../../lib/clock.ts';
import { fail, isCode, messageOf } from '../../lib/errors.ts';
import { dataSourceOf } from '../../model/claims/claims.ts';
import {
  claimSourceFinalizer,
  snapshotBoundFinalizer,
  snapshotSourceFinalizer,
} from '../../model/claims/well-known.ts';
import { persistentVolumeClaims, persistentVolumes } from '../../model/kinds/core.ts';
import {
  type VolumeSnapshot,
  type VolumeSnapshotContent,
  volumeSnapshotClasses,
  volumeSnapshotContents,
  volumeSnapshots,
} from '../../model/kinds/storage.ts';
import { isDeleting, keyOf, refOf, refTo } from '../../model/object.ts';
import type { Sidecar, SidecarContext } from '../context.ts';
import { waitIfNotReady } from '../retries/wait-if-not-ready.ts';
import { defaultSnapshotClass } from './classes.ts';
import { checkPrepared, contentFor, contentNameOf, sourceVolume } from './content.ts';
import { deleteSnapshotObject } from './delete-snapshot-object.ts';
import { isSameStatus, statusFromContent } from './snapshot-status.ts';

/** Binds VolumeSnapshots to contents, making the contents that are not there, and keeps their status. */
export function createVolumeSnapshotController(context: SidecarContext): Sidecar {
  const { api, log } = context;
  const snapshots = api.informer(volumeSnapshots);
  const contents = api.informer(volumeSnapshotContents);
  const claims = api.informer(persistentVolumeClaims);
  const claimsFrom = claims.index('being restored from', (claim) => {
    const source = dataSourceOf(claim);
    if (source?.kind !== 'snapshot' || claim.spec.volumeName) return [];
    return [keyOf({ namespace: claim.metadata.namespace, name: source.name })];
  });
  const unboundOf = snapshots.index('without a content, of claim', (snapshot) => {
    const { persistentVolumeClaimName } = snapshot.spec.source;
    if (snapshot.status?.boundVolumeSnapshotContentName || !persistentVolumeClaimName) return [];
    return [keyOf({ namespace: snapshot.metadata.namespace, name: persistentVolumeClaimName }), ''];
  });

  const reconcile = async (key: string): Promise<Result | undefined> => {
    const found = snapshots.get(refOf(key));
    if (!found) return undefined;
    const content = contents.get({ name: contentNameOf(found) });
    if (isDeleting(found)) {
      await deleteSnapshotObject(context, found, content, claimsFrom(key)[0]?.metadata.name);
      return undefined;
    }
    const { later } = await waitIfNotReady(async () => {
      try {
        const snapshot = await protect(context, found);
        const bound = content ? await adopt(context, snapshot, content) : await makeContent(context, snapshot);
        await report(context, snapshot, bound);
      } catch (error) {
        if (!isCode(error, 'conflict')) await reportFailure(context, found, error);
        throw error;
      }
    });
    return later;
  };

  const controller = new Controller({ name: 'snapshot-controller', log, reconcile })
    .watch(snapshots, (snapshot, { type }) => (type === 'deleted' ? [] : [keyOf(refTo(snapshot))]))
    .watch(contents, ({ spec }) => {
      const { name, namespace } = spec.volumeSnapshotRef;
      return name ? [keyOf({ namespace, name })] : [];
    })
    .watch(claims, (claim, { old }) => [
      ...unboundOf(keyOf(refTo(claim))).map((snapshot) => keyOf(refTo(snapshot))),
      ...restoredFrom(old ?? claim),
    ])
    .watch(api.informer(volumeSnapshotClasses), () => unboundOf('').map((snapshot) => keyOf(refTo(snapshot))))
    .watch(api.informer(persistentVolumes), () => []);
  const restoredFrom = (claim: Parameters<typeof dataSourceOf>[0]) => {
    const source = dataSourceOf(claim);
    if (source?.kind !== 'snapshot') return [];
    const ref = { namespace: claim.metadata.namespace, name: source.name };
    const snapshot = snapshots.get(ref);
    return snapshot && isDeleting(snapshot) ? [keyOf(ref)] : [];
  };
  return {
    controller,
    wake: () => {
      for (const snapshot of unboundOf('')) controller.add(keyOf(refTo(snapshot)));
    },
  };
}

/** A snapshot stays until its content is dealt with, and while claims are made from it: both, in one write. */
async function protect({ api }: SidecarContext, snapshot: VolumeSnapshot): Promise<VolumeSnapshot> {
  const { finalizers = [], resourceVersion } = snapshot.metadata;
  const wanted = [...new Set([...finalizers, snapshotSourceFinalizer, snapshotBoundFinalizer])];
  if (wanted.length === finalizers.length) return snapshot;
  const body = { metadata: { finalizers: wanted, resourceVersion } };
  return await api.patch(volumeSnapshots, refTo(snapshot), { type: 'merge', body });
}

/** Takes a content that is there as the snapshot's own. */
async function adopt(
  { api, events }: SidecarContext,
  snapshot: VolumeSnapshot,
  content: VolumeSnapshotContent,
): Promise<VolumeSnapshotContent> {
  if (!snapshot.spec.source.volumeSnapshotContentName) return content;
  try {
    checkPrepared(snapshot, content);
  } catch (error) {
    events.warning(snapshot, 'SnapshotContentMisbound', messageOf(error));
    throw error;
  }
  if (content.spec.volumeSnapshotRef.uid === snapshot.metadata.uid) return content;
  const { uid } = snapshot.metadata;
  const className = snapshot.spec.volumeSnapshotClassName;
  const spec = { volumeSnapshotRef: { uid }, ...(className && { volumeSnapshotClassName: className }) };
  const body = { metadata: { resourceVersion: content.metadata.resourceVersion }, spec };
  return await api.patch(volumeSnapshotContents, refTo(content), { type: 'merge', body });
}

async function makeContent(context: SidecarContext, snapshot: VolumeSnapshot): Promise<VolumeSnapshotContent> {
  const { api, drivers, events } = context;
  const { source, volumeSnapshotClassName } = snapshot.spec;
  if (source.volumeSnapshotContentName) {
    const missing = `VolumeSnapshotContent ${source.volumeSnapshotContentName} is missing`;
    events.warning(snapshot, 'SnapshotContentMissing', missing);
    return fail('not-ready', missing);
  }
  if (snapshot.status?.boundVolumeSnapshotContentName) {
    events.warning(snapshot, 'SnapshotContentMissing', 'VolumeSnapshotContent is missing');
    return fail('not-ready', 'VolumeSnapshotContent is missing: the snapshot is lost');
  }
  const ref = { namespace: snapshot.metadata.namespace, name: source.persistentVolumeClaimName ?? '' };
  const claim = api.informer(persistentVolumeClaims).get(ref);
  const named = api.informer(persistentVolumes).get({ name: claim?.spec.volumeName ?? '' });
  const volume = sourceVolume(snapshot, claim, named);
  const driver = volume.spec.csi?.driver ?? '';
  if (drivers.get(driver)?.capabilities.snapshots === false) {
    fail('unsupported', `driver ${driver} does not take snapshots: copy the data into another claim instead`);
  }
  const classes = api.informer(volumeSnapshotClasses);
  const chosen = volumeSnapshotClassName
    ? (classes.get({ name: volumeSnapshotClassName }) ??
      fail('not-ready', `VolumeSnapshotClass ${volumeSnapshotClassName} not found`))
    : defaultSnapshotClass(classes.list(), driver);
  if (!volumeSnapshotClassName) {
    const body = { spec: { volumeSnapshotClassName: chosen.metadata.name } };
    await api.patch(volumeSnapshots, refTo(snapshot), { type: 'merge', body });
  }
  if (claim) await ensureFinalizer(api, persistentVolumeClaims, claim, claimSourceFinalizer);
  const content = contentFor(snapshot, chosen, volume);
  const { namespace, name } = snapshot.metadata;
  const news = `Waiting for a snapshot ${namespace}/${name} to be created by the CSI driver.`;
  try {
    const created = await api.create(volumeSnapshotContents, content);
    events.normal(snapshot, 'CreatingSnapshot', news);
    return created;
  } catch (error) {
    if (!isCode(error, 'already-exists')) throw error;
    return (await api.get(volumeSnapshotContents, refTo(content))) ?? content;
  }
}

async function report({ api, events }: SidecarContext, snapshot: VolumeSnapshot, content: VolumeSnapshotContent) {
  const status = statusFromContent(content);
  if (isSameStatus(snapshot.status, status)) return;
  const { name, uid } = snapshot.metadata;
  const body = { metadata: { uid }, status: { ...status, error: status.error ?? null } };
  await api.patch(volumeSnapshots, refTo(snapshot), { type: 'merge', body }, { subresource: 'status' });
  if (status.creationTime && !snapshot.status?.creationTime) {
    events.normal(snapshot, 'SnapshotCreated', `Snapshot ${name} was successfully created by the CSI driver.`);
  }
  if (status.readyToUse && !snapshot.status?.readyToUse) {
    events.normal(snapshot, 'SnapshotReady', `Snapshot ${name} is ready to use.`);
  }
}

async function reportFailure({ api, events }: SidecarContext, snapshot: VolumeSnapshot, error: unknown) {
  const message = messageOf(error);
  if (snapshot.status?.error?.message === message) return;
  events.warning(snapshot, 'SnapshotContentCreationFailed', `Failed to create snapshot content with error: ${message}`);
  const status = { readyToUse: false, error: { time: timestamp(), message } };
  const body = { status };
  await api.patch(volumeSnapshots, refTo(snapshot), { type: 'merge', body }, { subresource: 'status' });
}
