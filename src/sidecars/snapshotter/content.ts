import { fail } from '../../lib/errors.ts';
import { isBoundTo } from '../../model/claims/claims.ts';
import {
  contentBoundFinalizer,
  snapshotBeingCreatedAnnotation,
  snapshotDeletionSecretName,
  snapshotDeletionSecretNamespace,
} from '../../model/claims/well-known.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '../../model/kinds/core.ts';
import type { VolumeSnapshot, VolumeSnapshotClass, VolumeSnapshotContent } from '../../model/kinds/storage.ts';
import { isDeleting } from '../../model/object.ts';
import { snapshotSecret } from './classes.ts';

/** The name of the content that is made for a snapshot: the snapshot's uid makes it the same on every retry. */
export function contentNameFor(snapshot: VolumeSnapshot): string {
  return `snapcontent-${snapshot.metadata.uid}`;
}

/** The name of the content that a snapshot is or will be bound to. */
export function contentNameOf(snapshot: VolumeSnapshot): string {
  return snapshot.spec.source.volumeSnapshotContentName ?? contentNameFor(snapshot);
}

/** The volume that a snapshot is to be taken of. Throws `not-ready` or `invalid` if it can't be, with the reason. */
export function sourceVolume(
  snapshot: VolumeSnapshot,
  claim: PersistentVolumeClaim | undefined,
  volume: PersistentVolume | undefined,
): PersistentVolume {
  const name = snapshot.spec.source.persistentVolumeClaimName ?? '';
  if (!claim) return fail('not-ready', `snapshot controller failed to find the claim ${name}`);
  if (isDeleting(claim)) fail('invalid', `cannot snapshot the claim ${name}: it is being deleted`);
  if (claim.status?.phase !== 'Bound' || !volume || !isBoundTo(claim, volume)) {
    return fail('not-ready', `the claim ${name} is not yet bound to a PV`);
  }
  if (!volume.spec.csi)
    fail('unsupported', `the claim ${name} is not a volume of a CSI driver, so it has no snapshots`);
  return volume;
}

/** The content that is to become the snapshot of a volume. */
export function contentFor(
  snapshot: VolumeSnapshot,
  snapshotClass: VolumeSnapshotClass,
  volume: PersistentVolume,
): VolumeSnapshotContent {
  const { metadata } = snapshot;
  const driver = volume.spec.csi?.driver ?? '';
  if (snapshotClass.driver !== driver) {
    const { name } = snapshotClass.metadata;
    fail('invalid', `snapshot class ${name} is of driver ${snapshotClass.driver}, but the claim's volume of ${driver}`);
  }
  const name = contentNameFor(snapshot);
  const secret = snapshotSecret('snapshotter', snapshotClass.parameters ?? {}, metadata, name);
  return {
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshotContent',
    metadata: {
      name,
      finalizers: [contentBoundFinalizer],
      annotations: {
        // From now on CreateSnapshot may be called at any time.
        [snapshotBeingCreatedAnnotation]: 'yes',
        ...(secret && {
          [snapshotDeletionSecretName]: secret.name,
          [snapshotDeletionSecretNamespace]: secret.namespace,
        }),
      },
    },
    spec: {
      volumeSnapshotRef: {
        apiVersion: 'snapshot.storage.k8s.io/v1',
        kind: 'VolumeSnapshot',
        namespace: metadata.namespace,
        name: metadata.name,
        uid: metadata.uid,
        resourceVersion: metadata.resourceVersion,
      },
      source: { volumeHandle: volume.spec.csi?.volumeHandle },
      driver,
      deletionPolicy: snapshotClass.deletionPolicy,
      volumeSnapshotClassName: snapshotClass.metadata.name,
      sourceVolumeMode: volume.spec.volumeMode ?? 'Filesystem',
    },
  };
}

/** Throws `invalid` if a content that was there before is not meant for the snapshot. */
export function checkPrepared(snapshot: VolumeSnapshot, content: VolumeSnapshotContent): void {
  const { name, namespace, uid } = content.spec.volumeSnapshotRef;
  const { metadata } = snapshot;
  if (!content.spec.source.snapshotHandle) {
    fail(
      'invalid',
      `VolumeSnapshotContent ${content.metadata.name} has no snapshotHandle: it belongs to a new snapshot`,
    );
  }
  if (name !== metadata.name || namespace !== metadata.namespace || (uid && uid !== metadata.uid)) {
    fail(
      'invalid',
      `VolumeSnapshotContent ${content.metadata.name} is bound to the VolumeSnapshot ${namespace}/${name}: ` +
        'correct its spec.volumeSnapshotRef',
    );
  }
}
