import { Controller } from '../api/controller.ts';
import type { Artifact, VolumeWish } from '../engines/engine.ts';
import { fail, isCode } from '../lib/errors.ts';
import { pools, type Refusal, type Snapshot, snapshots, type Volume, volumes } from '../model/kinds/moorage.ts';
import { isDeleting } from '../model/object.ts';
import { bytesOf, formatBytes } from '../model/quantity.ts';
import { alreadySay, type Statement, withConditions } from './conditions.ts';
import { ensureFinalizer, removeFinalizer, volumeFinalizer } from './finalizers.ts';
import { place, refuseFull } from './placement.ts';
import { volumeKey, wishKey } from './promises.ts';
import { writeRefusals } from './refusals.ts';
import { byVolume } from './snapshot-controller.ts';
import { sourceOf } from './source.ts';
import type { Storage } from './storage.ts';
import { Waiting } from './waiting.ts';

/**
 * Brings each Volume of this node from Pending to Ready, to its wished size, and at last away.
 *
 * One status write makes a volume Ready and records its placement at once. To record the placement before the bytes
 * are made would be needed only if a crash could leave bytes that the name alone does not find again; here every pool
 * that could have been chosen is on this machine, and is looked into before another is chosen.
 */
export function createVolumeController(storage: Storage): Controller {
  const { api, log } = storage.options;
  const passes = new VolumePasses(storage);
  const controller = new Controller({
    name: 'volume',
    log,
    concurrency: 64,
    reconcile: (name) => passes.reconcile(name),
  });
  passes.waiting.onWake = (name) => controller.add(name);
  storage.onPoolChange(() => passes.waiting.wake());
  return controller
    .watch(api.informer(volumes), ({ metadata, status }, { old }) => {
      // It may be the source that a copy waits for.
      if (status?.phase === 'Ready' && old?.status?.phase !== 'Ready') passes.waiting.wake();
      return [metadata.name];
    })
    .watch(api.informer(snapshots), () => {
      passes.waiting.wake();
      return [];
    });
}

class VolumePasses {
  readonly waiting = new Waiting();
  readonly #storage: Storage;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  async reconcile(name: string): Promise<void> {
    const volume = this.#storage.options.api.informer(volumes).get({ name });
    this.waiting.delete(name);
    if (!volume || !this.#storage.hasVolume(volume)) return;
    const { placement, phase } = volume.status ?? {};
    if (isDeleting(volume)) return this.#remove(volume);
    if (phase === 'Failed') return;
    if (!placement || phase !== 'Ready') return this.#create(volume);
    if (bytesOf(volume.spec.size) > bytesOf(volume.status?.size ?? '0')) return this.#expand(volume);
  }

  async #create(given: Volume): Promise<void> {
    const { api, engine, events, node } = this.#storage.options;
    const { ledger } = this.#storage;
    const volume = await ensureFinalizer(api, volumes, given, volumeFinalizer);
    const wish = wishOf(volume);
    const pool = await this.#decide(volume);
    if (typeof pool !== 'string') return this.#refuse(volume, pool);
    try {
      const artifact = await engine.volumes.create({ ...wish, pool });
      await this.#writeReady(volume, artifact, { ...volume.status?.placement, pool, node, engine: engine.name });
    } catch (error) {
      if (isCode(error, 'conflict')) throw error;
      ledger.forget(volumeKey(volume));
      if (isCode(error, 'exhausted')) {
        return this.#refuse(volume, [{ pool, node, reason: 'PoolFull', message: error.message }]);
      }
      if (!isCode(error, 'invalid', 'already-exists')) throw error;
      events.warning(volume, 'CreateFailed', error.message);
      await this.#write(volume, { ...volume.status, phase: 'Failed' }, notReady('CreateFailed', error.message));
    }
  }

  /** The pool that has the volume already, or else should get it; or why none can. */
  async #decide(volume: Volume): Promise<string | readonly Refusal[]> {
    const present = volume.status?.placement?.pool ?? this.#storage.ledger.assumed(volumeKey(volume))?.pool;
    if (present !== undefined) return present;
    const source = sourceOf(this.#storage.options.api, volume.spec);
    if (source && 'reason' in source) return [source];
    // With one pool, creating finds what is there; with more, it must be known which one before.
    const { engine, sole } = this.#storage.options;
    const found = sole && engine.pools().length > 1 ? await this.#find(volume) : undefined;
    // No await from here on: what is promised to one volume must be seen by the next.
    const { pool, mode, provisioning, nodes, preferredNodes } = volume.spec;
    const bytes = bytesOf(volume.spec.size);
    const wish = { pool, mode, provisioning, nodes, preferredNodes, size: bytes, source };
    // What was set aside before the object was written is what it gets now.
    this.#storage.ledger.forget(wishKey(volume.metadata.name));
    const decision = found ? { placement: found } : place(wish, this.#storage.offers());
    if (!('placement' in decision)) return decision.refusals;
    this.#storage.ledger.assume(volumeKey(volume), { pool: decision.placement.pool, bytes });
    return decision.placement.pool;
  }

  /** Bytes that were made for this very object, in any pool of this node. */
  async #find(volume: Volume): Promise<Artifact | undefined> {
    const { engine } = this.#storage.options;
    const { name, uid } = volume.metadata;
    for (const pool of engine.pools()) {
      const artifact = await engine.volumes.get('volume', { pool, name });
      if (artifact?.uid === uid) return artifact;
    }
    return undefined;
  }

  async #expand(volume: Volume): Promise<void> {
    const { api, engine } = this.#storage.options;
    const { ledger } = this.#storage;
    const { name } = volume.metadata;
    const placement = volume.status?.placement ?? fail('internal', `volume ${name} has no placement`);
    const size = bytesOf(volume.spec.size);
    const present = bytesOf(volume.status?.size ?? '0');
    const pool = api.informer(pools).get({ name: placement.pool });
    const assumed = ledger.assumed(volumeKey(volume));
    const refusal =
      pool && !(assumed && assumed.bytes >= size)
        ? refuseFull(this.#storage.offer(pool), size - present, volume.spec.provisioning)
        : undefined;
    if (refusal) return this.#refuse(volume, [refusal]);
    ledger.assume(volumeKey(volume), { pool: placement.pool, bytes: size });
    try {
      const artifact = await engine.volumes.expand({ pool: placement.pool, name }, size);
      await this.#writeReady(volume, artifact, placement);
    } catch (error) {
      if (isCode(error, 'conflict')) throw error;
      ledger.forget(volumeKey(volume));
      if (!isCode(error, 'exhausted')) throw error;
      await this.#refuse(volume, [{ ...placement, reason: 'PoolFull', message: error.message }]);
    }
  }

  async #remove(volume: Volume): Promise<void> {
    const { api, engine, log, sole } = this.#storage.options;
    const { name, uid } = volume.metadata;
    if (!volume.metadata.finalizers?.includes(volumeFinalizer)) return;
    const attachments = volume.status?.attachments ?? [];
    if (attachments.length > 0) {
      const who = attachments.map(({ node }) => node).join(', ');
      return this.#write(volume, volume.status, notReady('InUse', `it goes once ${who} lets go of it`));
    }
    if (this.#unsettled(name).length > 0) {
      // Its name is all that says where a snapshot is that nobody has recorded yet.
      this.waiting.add(name);
      return;
    }
    // What one agent among several has made is in the pool that it was made for.
    const pool = volume.status?.placement?.pool ?? (sole ? undefined : volume.spec.pool);
    if (pool !== undefined && !api.informer(pools).get({ name: pool })) {
      log.warn({ volume: name, pool }, 'the pool of a deleted volume is gone; nothing was left to delete');
    } else {
      // Where no placement was recorded, a crash may have come right after the bytes were made.
      const artifact =
        pool === undefined ? await this.#find(volume) : await engine.volumes.get('volume', { pool, name });
      if (artifact && artifact.uid === uid) {
        await engine.node.detach(artifact);
        await engine.volumes.delete(artifact);
      }
    }
    this.#storage.ledger.forget(volumeKey(volume));
    await removeFinalizer(api, volumes, volume, volumeFinalizer);
  }

  /** The snapshots of a volume that are not known to be taken or to have failed. */
  #unsettled(volume: string): readonly Snapshot[] {
    const known = this.#storage.options.api.informer(snapshots).index(byVolume.name, byVolume.keys)(volume);
    return known.filter(({ status }) => !status?.placement && status?.phase !== 'Failed');
  }

  /** Says why there is no room, and looks again when room or a source turns up. */
  async #refuse(volume: Volume, refusals: readonly Refusal[]): Promise<void> {
    this.waiting.add(volume.metadata.name);
    if (!(await writeRefusals(this.#storage.options, volume, refusals, { exactly: true }))) return;
    // Who chose the pool believed that there was room.
    for (const { pool, reason } of refusals) if (pool && reason === 'PoolFull') this.#storage.tellExactly(pool);
  }

  async #writeReady(
    volume: Volume,
    artifact: Artifact,
    placement: NonNullable<Volume['status']>['placement'],
  ): Promise<void> {
    const { refusals: _, ...rest } = volume.status ?? {};
    const message = `it is in pool ${artifact.pool}`;
    const ready: Statement = { type: 'Ready', status: 'True', reason: 'Created', message };
    await this.#write(volume, { ...rest, phase: 'Ready', size: formatBytes(artifact.size), placement }, [ready], true);
  }

  async #write(
    volume: Volume,
    status: Volume['status'],
    statements: readonly Statement[],
    changed = false,
  ): Promise<void> {
    if (!changed && alreadySay(volume.status?.conditions, statements)) return;
    const conditions = withConditions(volume.status?.conditions, statements, volume.metadata.generation);
    await this.#storage.options.api.updateStatus(volumes, { ...volume, status: { ...status, conditions } });
  }
}

function notReady(reason: string, message: string): Statement[] {
  return [{ type: 'Ready', status: 'False', reason, message }];
}

/** What the engine is asked for; the pool is filled in once it is known. */
function wishOf({ metadata, spec }: Volume): Omit<VolumeWish, 'pool'> {
  const { name, uid } = metadata;
  return {
    name,
    uid: uid ?? fail('internal', `volume ${name} has no uid`),
    size: roundUp(bytesOf(spec.size)),
    provisioning: spec.provisioning,
    source: spec.source && { kind: spec.source.kind === 'Snapshot' ? 'snapshot' : 'volume', name: spec.source.name },
  };
}

/** Devices are made of sectors: sizes are multiples of 4096 bytes. */
function roundUp(bytes: bigint): bigint {
  return ((bytes + 4095n) / 4096n) * 4096n;
}
