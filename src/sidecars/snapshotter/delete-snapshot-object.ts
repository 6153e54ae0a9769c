import { ensureNoFinalizer } from '../../api/finalizers.ts';
import {
  snapshotBeingDeletedAnnotation,
  snapshotBoundFinalizer,
  snapshotSourceFinalizer,
} from '../../model/claims/well-known.ts';
import type { VolumeSnapshot, VolumeSnapshotContent } from '../../model/kinds/storage.ts';
import { volumeSnapshotContents, volumeSnapshots } from '../../model/kinds/storage.ts';
import { isDeleting, refTo } from '../../model/object.ts';
import type { SidecarContext } from '../context.ts';

/**
 * Carries out the deletion of a VolumeSnapshot: waits for claims that are made from it, marks its content, deletes
 * the content if its policy says so, and lets the snapshot go when the content is gone or stays on purpose.
 */
export async function deleteSnapshotObject(
  { api, events }: SidecarContext,
  snapshot: VolumeSnapshot,
  content: VolumeSnapshotContent | undefined,
  beingRestored: string | undefined,
): Promise<void> {
  if (beingRestored !== undefined) {
    events.warning(snapshot, 'SnapshotDeletePending', `Snapshot is being used to restore the claim ${beingRestored}`);
    return;
  }
  if (content && content.spec.volumeSnapshotRef.uid === snapshot.metadata.uid) {
    await markBeingDeleted({ api }, content);
    if (content.spec.deletionPolicy === 'Delete') {
      if (!isDeleting(content)) await api.delete(volumeSnapshotContents, refTo(content));
      return;
    }
  }
  await ensureNoFinalizer(api, volumeSnapshots, snapshot, snapshotSourceFinalizer, snapshotBoundFinalizer);
}

async function markBeingDeleted({ api }: Pick<SidecarContext, 'api'>, content: VolumeSnapshotContent): Promise<void> {
  if (content.metadata.annotations?.[snapshotBeingDeletedAnnotation] === 'yes') return;
  const body = { metadata: { annotations: { [snapshotBeingDeletedAnnotation]: 'yes' } } };
  await api.patch(volumeSnapshotContents, refTo(content), { type: 'merge', body });
}
