import { isDeepStrictEqual } from 'node:util';
import { Controller, type Result } from '../../api/controller.ts';
import { ensureFinalizer } from '../../api/finalizers.ts';
import type { Artifact, VolumeWish } from '../../engines/engine.ts';
import { fail, isCode } from '../../lib/errors.ts';
import {
  adoptAnnotation,
  claimAnnotation,
  pools,
  type Refusal,
  snapshots,
  type Volume,
  volumes,
} from '../../model/kinds/moorage.ts';
import { isDeleting } from '../../model/object.ts';
import { bytesOf, formatBytes } from '../../model/quantity.ts';
import { failed } from '../failure.ts';
import { volumeFinalizer } from '../finalizers.ts';
import { sourceOf } from '../placement/copy-source.ts';
import { place, refuseFull } from '../placement/place.ts';
import { volumeKey, wishKey } from '../placement/promises.ts';
import { writeRefusals } from '../placement/write-refusals.ts';
import { watchNeedsOfVolumes } from '../references/watch.ts';
import { WakeList } from '../wake-list.ts';
import type { NodeStorage } from './node-storage.ts';
import { findBytes, removeVolume } from './volume-removal.ts';
import { inPool, notReady, writeVolume } from './volume-status.ts';

/**
 * Brings each Volume of this node from Pending to Ready, to its wished size, and at last away.
 *
 * One status write makes a volume Ready and records its placement at once. To record the placement before the bytes
 * are made would be needed only if a crash could leave bytes that the name alone does not find again; here every pool
 * that could have been chosen is on this machine, and is looked into before another is chosen.
 */
export function createVolumeController(storage: NodeStorage): Controller {
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
  return watchNeedsOfVolumes(controller, storage)
    .watch(api.informer(volumes), ({ metadata, status }, { old }) => {
      // It may be the source that a copy waits for.
      if (status?.phase === 'Ready' && old?.status?.phase !== 'Ready') passes.waiting.wake();
      return [metadata.name];
    })
    .watch(api.informer(snapshots), () => {
      passes.waiting.wake();
      return [];
    })
    .watch(api.informer(pools), ({ metadata }, { old }) => {
      // A volume may select pools by their labels.
      if (!isDeepStrictEqual(metadata.labels, old?.metadata.labels)) passes.waiting.wake();
      return [];
    });
}

class VolumePasses {
  readonly waiting = new WakeList();
  readonly #storage: NodeStorage;

  constructor(storage: NodeStorage) {
    this.#storage = storage;
  }

  async reconcile(name: string): Promise<Result | undefined> {
    const volume = this.#storage.options.api.informer(volumes).get({ name });
    this.waiting.delete(name);
    if (!volume || !this.#storage.hasVolume(volume)) return undefined;
    const { placement, phase } = volume.status ?? {};
    if (isDeleting(volume)) return removeVolume(this.#storage, this.waiting, volume);
    if (phase === 'Failed') return undefined;
    if (!placement || phase !== 'Ready') await this.#create(volume);
    else if (bytesOf(volume.spec.size) > bytesOf(volume.status?.size ?? '0')) await this.#expand(volume);
    return undefined;
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
      await this.#writeReady(volume, artifact, {
        ...volume.status?.placement,
        pool,
        node,
        engine: this.#storage.engineOf(pool),
      });
    } catch (error) {
      if (isCode(error, 'conflict')) throw error;
      ledger.forget(volumeKey(volume));
      if (isCode(error, 'exhausted')) {
        return this.#refuse(volume, [{ pool, node, reason: 'PoolFull', message: error.message }]);
      }
      if (!isCode(error, 'invalid', 'already-exists', 'unsupported')) throw error;
      events.warning(volume, 'CreateFailed', error.message);
      const status = { ...volume.status, ...failed(error.code, error.message) };
      await writeVolume(api, volume, status, notReady('CreateFailed', error.message));
    }
  }

  /** The pool that has the volume already, or else should get it; or why none can. */
  async #decide(volume: Volume): Promise<string | readonly Refusal[]> {
    const present = volume.status?.placement?.pool ?? this.#storage.ledger.assumed(volumeKey(volume))?.pool;
    if (present !== undefined) return present;
    const source = sourceOf(this.#storage.options.api, volume.spec);
    if (source && 'reason' in source) return [source];
    // With one pool, creating finds what is there; with more, it must be known which one before. What is adopted is there,
    // however full the pool is.
    const { engine, sole } = this.#storage.options;
    const adopts = volume.metadata.annotations?.[adoptAnnotation] !== undefined;
    const found =
      sole && (adopts || engine.pools.list().length > 1) ? await findBytes(this.#storage, volume) : undefined;
    // No await from here on: what is promised to one volume must be seen by the next.
    const { pool, poolSelector, mode, provisioning, nodes, preferredNodes } = volume.spec;
    const bytes = bytesOf(volume.spec.size);
    const wish = { pool, poolSelector, mode, provisioning, nodes, preferredNodes, size: bytes, source };
    // What was set aside before the object was written is what it gets now: it has been placed.
    const { ledger } = this.#storage;
    const aside = ledger.assumed(wishKey(volume.metadata.name))?.pool;
    ledger.forget(wishKey(volume.metadata.name));
    const isPlaced = aside !== undefined && aside === pool && this.#storage.pool(pool)?.ready;
    const placed = found ?? (isPlaced ? { pool } : undefined);
    const decision = placed ? { placement: placed } : place(wish, this.#storage.offers());
    if (!('placement' in decision)) return decision.refusals;
    this.#storage.ledger.assume(volumeKey(volume), { pool: decision.placement.pool, bytes });
    return decision.placement.pool;
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
    const status: Volume['status'] = { ...rest, phase: 'Ready', size: formatBytes(artifact.size), placement };
    await writeVolume(this.#storage.options.api, volume, status, [inPool(artifact.pool)], true);
  }
}

/** What the engine is asked for; the pool is filled in once it is known. */
function wishOf({ metadata, spec }: Volume): Omit<VolumeWish, 'pool'> {
  const { name, uid } = metadata;
  return {
    name,
    uid: uid ?? fail('internal', `volume ${name} has no uid`),
    size: bytesOf(spec.size),
    provisioning: spec.provisioning,
    adopt: metadata.annotations?.[adoptAnnotation],
    claim: metadata.annotations?.[claimAnnotation],
    source: spec.source && { kind: spec.source.kind === 'Snapshot' ? 'snapshot' : 'volume', name: spec.source.name },
  };
}
