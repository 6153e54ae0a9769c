import type { Result } from '../../api/controller.ts';
import { ensureNoFinalizer } from '../../api/finalizers.ts';
import type { Artifact } from '../../engines/engine.ts';
import { isCode, messageOf } from '../../lib/errors.ts';
import { adoptAnnotation, pools, type Snapshot, snapshots, type Volume, volumes } from '../../model/kinds/moorage.ts';
import { alreadySay, deleteFailed, referenced } from '../conditions.ts';
import { volumeFinalizer } from '../finalizers.ts';
import { volumeKey } from '../placement/promises.ts';
import { lookAgain, neededBy } from '../references/needed.ts';
import type { WakeList } from '../wake-list.ts';
import type { NodeStorage } from './node-storage.ts';
import { byVolume } from './snapshot-controller.ts';
import { notReady, writeVolume } from './volume-status.ts';

/**
 * Takes the bytes of a Volume that is being deleted away, and lets the object go when all of them are gone. While
 * something keeps them, the object stays and says what. Throws after it has said so: it is tried again.
 */
export async function removeVolume(storage: NodeStorage, waiting: WakeList, volume: Volume): Promise<Result> {
  const { api, events } = storage.options;
  const { name, finalizers } = volume.metadata;
  if (!finalizers?.includes(volumeFinalizer)) return {};
  const attachments = volume.status?.attachments ?? [];
  if (attachments.length > 0) {
    const who = attachments.map(({ node }) => node).join(', ');
    await writeVolume(api, volume, volume.status, notReady('InUse', `it goes once ${who} lets go of it`));
    return {};
  }
  if (unsettledSnapshots(storage, name).length > 0) {
    // Its name is all that says where a snapshot is that nobody has recorded yet.
    waiting.add(name);
    return {};
  }
  try {
    const needed = await neededBy(storage, 'Volume', volume);
    if (needed !== undefined) {
      const statements = notReady(referenced, needed);
      if (!alreadySay(volume.status?.conditions, statements)) events.warning(volume, referenced, needed);
      await writeVolume(api, volume, volume.status, statements);
      return { again: lookAgain };
    }
    await removeBytes(storage, volume);
  } catch (error) {
    if (isCode(error, 'conflict')) throw error;
    const message = `${messageOf(error)}; it is tried again`;
    events.warning(volume, deleteFailed, message);
    await writeVolume(api, volume, { ...volume.status, phase: 'Deleting' }, notReady(deleteFailed, message));
    throw error;
  }
  storage.ledger.forget(volumeKey(volume));
  await ensureNoFinalizer(api, volumes, volume, volumeFinalizer);
  return {};
}

async function removeBytes(storage: NodeStorage, volume: Volume): Promise<void> {
  const { api, engine, log, sole } = storage.options;
  const { name, uid } = volume.metadata;
  // What one agent among several has made is in the pool that it was made for.
  const pool = volume.status?.placement?.pool ?? (sole ? undefined : volume.spec.pool);
  if (pool !== undefined && !api.informer(pools).get({ name: pool })) {
    log.warn({ volume: name, pool }, 'the pool of a deleted volume is gone; nothing was left to delete');
    return;
  }
  // Where no placement was recorded, a crash may have come right after the bytes were made.
  const artifact =
    pool === undefined ? await findBytes(storage, volume) : await engine.volumes.get('volume', { pool, name });
  if (artifact?.uid !== uid || artifact === undefined) return;
  await engine.node.detach(artifact);
  await engine.volumes.delete(artifact);
}

/** Bytes that were made for this very object, or the one whose place it takes, in any pool of this node. */
export async function findBytes(storage: NodeStorage, volume: Volume): Promise<Artifact | undefined> {
  const { engine } = storage.options;
  const { name, uid, annotations } = volume.metadata;
  const marks = [uid, annotations?.[adoptAnnotation]].filter((it) => it !== undefined);
  for (const pool of engine.pools.list()) {
    const artifact = await engine.volumes.get('volume', { pool, name });
    if (artifact?.uid !== undefined && marks.includes(artifact.uid)) return artifact;
  }
  return undefined;
}

/** The snapshots of a volume that are not known to be taken or to have failed. */
function unsettledSnapshots(storage: NodeStorage, volume: string): readonly Snapshot[] {
  const known = storage.options.api.informer(snapshots).index(byVolume.name, byVolume.keys)(volume);
  return known.filter(({ status }) => !status?.placement && status?.phase !== 'Failed');
}
