import { hasFinalizer } from '../../api/finalizers.ts';
import {
  contentBoundFinalizer,
  snapshotBeingCreatedAnnotation,
  snapshotBeingDeletedAnnotation,
} from '../../model/claims/well-known.ts';
import type { VolumeSnapshotContent } from '../../model/kinds/storage.ts';
import { isDeleting } from '../../model/object.ts';

/** What is to be done for a content. */
export type ContentStep =
  | 'nothing'
  /** Take the snapshot, or ask how it is. */
  | 'create'
  /** Look at a snapshot that was there before. */
  | 'look'
  /** Delete it with its driver. */
  | 'delete'
  /** Find out whether it was taken, and delete it. */
  | 'create and delete'
  /** Its snapshot stays where it is; only the object goes. */
  | 'let go';

/** Decides what the snapshotter does for a content of a plugged-in driver. */
export function decideContent(content: VolumeSnapshotContent): ContentStep {
  const { spec, status, metadata } = content;
  if (isDeleting(content)) {
    if (!hasFinalizer(content, contentBoundFinalizer)) return 'nothing';
    const wasBound = Boolean(spec.volumeSnapshotRef.uid);
    if (wasBound && metadata.annotations?.[snapshotBeingDeletedAnnotation] !== 'yes') return 'nothing';
    if (spec.deletionPolicy === 'Retain') return 'let go';
    if (status?.snapshotHandle ?? spec.source.snapshotHandle) return 'delete';
    return metadata.annotations?.[snapshotBeingCreatedAnnotation] ? 'create and delete' : 'let go';
  }
  if (spec.source.snapshotHandle) return status?.readyToUse ? 'nothing' : 'look';
  return status?.readyToUse ? 'nothing' : 'create';
}
