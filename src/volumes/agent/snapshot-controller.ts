import { Controller, type Result } from '../../api/controller.ts';
import { ensureFinalizer, ensureNoFinalizer } from '../../api/finalizers.ts';
import { timestamp } from '../../lib/clock.ts';
import { fail, isCode, messageOf } from '../../lib/errors.ts';
import {
  adoptAnnotation,
  type Failure,
  pools,
  type Snapshot,
  snapshots,
  type Volume,
  volumes,
} from '../../model/kinds/moorage.ts';
import { isDeleting } from '../../model/object.ts';
import { formatBytes } from '../../model/quantity.ts';
import { alreadySay, deleteFailed, isGoing, referenced, type Statement, withConditions } from '../conditions.ts';
import { failed } from '../failure.ts';
import { snapshotFinalizer } from '../finalizers.ts';
import { refuseFull } from '../placement/place.ts';
import { snapshotKey } from '../placement/promises.ts';
import { lookAgain, neededBy } from '../references/needed.ts';
import { watchNeedsOfSnapshots } from '../references/watch.ts';
import type { NodeStorage } from './node-storage.ts';

/** The index of the snapshots of a volume. */
export const byVolume = { name: 'volumes/by-volume', keys: ({ spec }: Snapshot) => [spec.volume] };

/**
 * Takes each Snapshot of a volume of this node, once, and at last deletes it. As with volumes, one status write does:
 * the bytes are in the volume's pool, under the snapshot's name.
 */
export function createSnapshotController(storage: NodeStorage): Controller {
  const { api, log, node } = storage.options;
  const reconcile = async (name: string): Promise<Result> => {
    const snapshot = api.informer(snapshots).get({ name });
    if (!snapshot || !storage.hasSnapshot(snapshot)) return {};
    const { phase } = snapshot.status ?? {};
    if (isDeleting(snapshot)) return remove(storage, snapshot);
    if (phase === 'Ready' || phase === 'Failed') return {};
    const kept = await adopted(storage, snapshot);
    if (kept) {
      await take(storage, snapshot, kept);
      return {};
    }
    const volume = api.informer(volumes).get({ name: snapshot.spec.volume });
    if (!volume || isGoing(volume)) {
      const message = `there is no volume ${snapshot.spec.volume} to take it of`;
      await refuse(storage, snapshot, volume?.status?.placement, {
        code: 'not-found',
        reason: 'VolumeNotFound',
        message,
      });
      return {};
    }
    const home = volume.status?.placement;
    if (volume.status?.phase === 'Ready' && home?.node === node) await take(storage, snapshot, home);
    return {};
  };
  const snapshotsOf = api.informer(snapshots).index(byVolume.name, byVolume.keys);
  return watchNeedsOfSnapshots(new Controller({ name: 'snapshot', log, reconcile }), storage)
    .watch(api.informer(snapshots), ({ metadata }) => [metadata.name])
    .watch(api.informer(volumes), (volume, { old }) => {
      const becameReady = volume.status?.phase === 'Ready' && old?.status?.phase !== 'Ready';
      const goes = isDeleting(volume) && !(old && isDeleting(old));
      return becameReady || goes ? snapshotsOf(volume.metadata.name).map((it) => it.metadata.name) : [];
    });
}

type Placement = NonNullable<NonNullable<Volume['status']>['placement']>;

/** Where a snapshot is already whose object was lost, and takes its place now; undefined for all others. */
async function adopted(storage: NodeStorage, { metadata, status }: Snapshot): Promise<Placement | undefined> {
  const { engine, node } = storage.options;
  const adopt = metadata.annotations?.[adoptAnnotation];
  if (adopt === undefined || status?.placement) return undefined;
  for (const pool of engine.pools.list()) {
    const found = await engine.volumes.get('snapshot', { pool, name: metadata.name });
    if (found && (found.uid === adopt || found.uid === metadata.uid))
      return { pool, node, engine: storage.engineOf(pool) };
  }
  return undefined;
}

async function take(storage: NodeStorage, given: Snapshot, home: Placement): Promise<void> {
  const { api, engine } = storage.options;
  const { ledger } = storage;
  const { name, uid = fail('internal', `snapshot ${given.metadata.name} has no uid`) } = given.metadata;
  const ref = { pool: home.pool, name };
  const snapshot = await ensureFinalizer(api, snapshots, given, snapshotFinalizer);
  const [source, done] = await Promise.all([
    engine.volumes.get('volume', { pool: home.pool, name: given.spec.volume }),
    engine.volumes.get('snapshot', ref),
  ]);
  const pool = api.informer(pools).get({ name: home.pool });
  const refusal = !done && source && pool && refuseFull(storage.offer(pool), source.used, 'thin');
  if (refusal) {
    storage.tellExactly(home.pool);
    const message = `it could come to hold what ${given.spec.volume} has now, but ${refusal.message}`;
    return refuse(storage, snapshot, home, { code: 'exhausted', reason: 'PoolFull', message });
  }
  const key = snapshotKey(snapshot);
  ledger.assume(key, { pool: home.pool, bytes: source?.used ?? 0n });
  try {
    const artifact = await engine.volumes.snapshot({
      ...ref,
      uid,
      adopt: snapshot.metadata.annotations?.[adoptAnnotation],
      volume: given.spec.volume,
    });
    const ready: Statement = { type: 'Ready', status: 'True', reason: 'Taken', message: `it is in pool ${home.pool}` };
    await write(storage, snapshot, [ready], {
      ...snapshot.status,
      phase: 'Ready',
      size: formatBytes(artifact.size),
      used: formatBytes(artifact.used),
      creationTime: timestamp(artifact.createdAt),
      placement: { ...home },
    });
  } catch (error) {
    if (isCode(error, 'conflict')) throw error;
    ledger.forget(key);
    if (!isCode(error, 'exhausted', 'not-found', 'invalid', 'already-exists', 'unsupported')) throw error;
    const { code, message } = error;
    const reason = code === 'exhausted' ? 'PoolFull' : 'SnapshotFailed';
    await refuse(storage, snapshot, home, { code, reason, message });
  }
}

async function remove(storage: NodeStorage, snapshot: Snapshot): Promise<Result> {
  const { api, engine } = storage.options;
  const { name, uid, finalizers } = snapshot.metadata;
  if (!finalizers?.includes(snapshotFinalizer)) return {};
  const needed = await neededBy(storage, 'Snapshot', snapshot);
  if (needed !== undefined) {
    await keeps(storage, snapshot, referenced, needed, snapshot.status?.phase);
    return { again: lookAgain };
  }
  const volume = api.informer(volumes).get({ name: snapshot.spec.volume });
  const home = snapshot.status?.placement ?? volume?.status?.placement;
  // Without a record of where it is, it may be anywhere here: a crash right after it was taken.
  const places = home ? [home.pool] : engine.pools.list();
  for (const pool of places) {
    if (!api.informer(pools).get({ name: pool })) continue;
    const artifact = await engine.volumes.get('snapshot', { pool, name });
    try {
      if (artifact?.uid === uid) await engine.volumes.deleteSnapshot({ pool, name });
    } catch (error) {
      if (!isCode(error, 'conflict')) {
        await keeps(storage, snapshot, deleteFailed, `${messageOf(error)}; it is tried again`, 'Deleting');
      }
      throw error;
    }
  }
  storage.ledger.forget(snapshotKey(snapshot));
  await ensureNoFinalizer(api, snapshots, snapshot, snapshotFinalizer);
  return {};
}

/** Says once why a Snapshot that is being deleted is still there. */
async function keeps(
  storage: NodeStorage,
  snapshot: Snapshot,
  reason: string,
  message: string,
  phase: NonNullable<Snapshot['status']>['phase'],
): Promise<void> {
  const statement: Statement = { type: 'Ready', status: 'False', reason, message };
  if (alreadySay(snapshot.status?.conditions, [statement])) return;
  storage.options.events.warning(snapshot, reason, message);
  await write(storage, snapshot, [statement], { ...snapshot.status, phase });
}

/** Records where it would be, too: an earlier try may have been cut off when it had been taken. */
async function refuse(
  storage: NodeStorage,
  snapshot: Snapshot,
  home: Placement | undefined,
  { code, reason, message }: Failure & { readonly reason: string },
): Promise<void> {
  storage.options.events.warning(snapshot, reason, message);
  const statement: Statement = { type: 'Ready', status: 'False', reason, message };
  const placement = home && { ...home };
  await write(storage, snapshot, [statement], { ...snapshot.status, ...failed(code, message), placement });
}

async function write(
  storage: NodeStorage,
  snapshot: Snapshot,
  statements: readonly Statement[],
  status: NonNullable<Snapshot['status']>,
): Promise<void> {
  const conditions = withConditions(snapshot.status?.conditions, statements, snapshot.metadata.generation);
  await storage.options.api.updateStatus(snapshots, { ...snapshot, status: { ...status, conditions } });
}
