import { fail } from '../../lib/errors.ts';
import { isBoundTo } from '../../model/claims/claims.ts';
import { allowVolumeModeChangeAnnotation } from '../../model/claims/well-known.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '../../model/kinds/core.ts';
import type { VolumeSnapshot, VolumeSnapshotContent } from '../../model/kinds/storage.ts';
import { isDeleting } from '../../model/object.ts';
import { bytesOf } from '../../model/quantity.ts';

/** What CreateVolume is to copy. */
export type ContentSource =
  | { readonly kind: 'snapshot'; readonly snapshotId: string }
  | { readonly kind: 'volume'; readonly volumeId: string };

interface CopyWish {
  readonly claim: PersistentVolumeClaim;
  readonly driver: string;
  /** Bytes that the claim asks for. */
  readonly size: bigint;
}

/**
 * The snapshot that a claim is restored from. Throws `not-ready` while it may yet become one, `invalid` if it can't:
 * another driver's, another volume mode, larger than the claim.
 */
export function snapshotSource(
  wish: CopyWish,
  name: string,
  snapshot: VolumeSnapshot | undefined,
  content: VolumeSnapshotContent | undefined,
): ContentSource {
  if (!snapshot) return fail('not-ready', `snapshot ${name} not found`);
  if (isDeleting(snapshot)) fail('not-ready', `snapshot ${name} is currently being deleted`);
  if (!content) return fail('not-ready', `snapshot ${name} not bound`);
  if (content.spec.volumeSnapshotRef.uid !== snapshot.metadata.uid) {
    fail('invalid', `snapshot ${name} not bound: its content ${content.metadata.name} belongs to another snapshot`);
  }
  if (content.spec.driver !== wish.driver) {
    fail(
      'invalid',
      `snapshot ${name} was taken by driver ${content.spec.driver}: it can't be restored with ${wish.driver}`,
    );
  }
  const handle = content.status?.snapshotHandle;
  if (!snapshot.status?.readyToUse || !handle) return fail('not-ready', `snapshot ${name} is not Ready`);
  const restoreSize = snapshot.status.restoreSize ? bytesOf(snapshot.status.restoreSize) : 0n;
  if (wish.size < restoreSize) {
    fail(
      'invalid',
      `requested volume size ${wish.size} is less than the size ${restoreSize} for the source snapshot ${name}`,
    );
  }
  const mode = wish.claim.spec.volumeMode ?? 'Filesystem';
  const from = content.spec.sourceVolumeMode ?? mode;
  if (from !== mode && content.metadata.annotations?.[allowVolumeModeChangeAnnotation] !== 'true') {
    fail(
      'invalid',
      `snapshot ${name} is of a ${from} volume, the claim wants ${mode}: annotate its content ` +
        `${content.metadata.name} with ${allowVolumeModeChangeAnnotation}="true" if that is meant`,
    );
  }
  return { kind: 'snapshot', snapshotId: handle };
}

/**
 * The volume that a claim is cloned from. Throws `not-ready` while it may yet become one, `invalid` if it can't:
 * another driver's, another volume mode, larger than the claim.
 */
export function cloneSource(
  wish: CopyWish,
  name: string,
  source: PersistentVolumeClaim | undefined,
  volume: PersistentVolume | undefined,
): ContentSource {
  if (!source) return fail('not-ready', `the source claim ${name} not found`);
  if (isDeleting(source)) fail('invalid', `the source claim ${name} is being deleted`);
  if (source.status?.phase !== 'Bound' || !volume || !isBoundTo(source, volume)) {
    return fail('not-ready', `the source claim ${name} is not Bound yet`);
  }
  const { csi } = volume.spec;
  if (csi?.driver !== wish.driver) {
    return fail('invalid', `the source claim ${name} is not a volume of driver ${wish.driver}, so it can't clone it`);
  }
  const mode = wish.claim.spec.volumeMode ?? 'Filesystem';
  const from = source.spec.volumeMode ?? 'Filesystem';
  if (from !== mode) fail('invalid', `the source claim ${name} is a ${from} volume, the claim wants ${mode}`);
  const capacity = bytesOf(source.status.capacity?.['storage'] ?? volume.spec.capacity?.['storage'] ?? '0');
  if (wish.size < capacity) {
    fail('invalid', `requested volume size ${wish.size} is less than the size ${capacity} of the source claim ${name}`);
  }
  return { kind: 'volume', volumeId: csi.volumeHandle };
}
