import { Controller, type Result } from '../../api/controller.ts';
import { ensureFinalizer, ensureNoFinalizer } from '../../api/finalizers.ts';
import { isCode, messageOf } from '../../lib/errors.ts';
import { adoptAnnotation, type Pool, pools, snapshots, volumes } from '../../model/kinds/moorage.ts';
import { isDeleting } from '../../model/object.ts';
import { alreadySay, type Statement, withConditions } from '../conditions.ts';
import { poolFinalizer } from '../finalizers.ts';
import { adoptContents } from './adoption.ts';
import type { NodeStorage, PoolState } from './node-storage.ts';
import { poolStatus } from './pool-status.ts';
import { tellVolumes } from './volume-status.ts';

/** Milliseconds between two looks at a pool, and before a change of what is promised is written. */
const lookEvery = 10_000;
const coalesce = 500;

/**
 * Opens the pools of this node, keeps an eye on how full they are, grows them, and lets them go. Writes a status only
 * when it says something new. `firstPass` resolves when every pool that there was has been tried once.
 */
export function createPoolController(storage: NodeStorage): { controller: Controller; firstPass: Promise<void> } {
  const { api, log } = storage.options;
  const view = api.informer(pools);
  const here = (pool: Pool) => storage.hasPool(pool);
  const untried = new Set([...view.list()].filter(here).map(({ metadata }) => metadata.name));
  const { promise: firstPass, resolve } = Promise.withResolvers<void>();
  if (untried.size === 0) resolve();
  const passes = new PoolPasses(storage);
  const controller = new Controller({
    name: 'pool',
    log,
    reconcile: async (name, signal) => {
      try {
        const pool = view.get({ name });
        return pool && here(pool) ? await passes.reconcile(pool, signal) : undefined;
      } finally {
        untried.delete(name);
        if (untried.size === 0) resolve();
      }
    },
  }).watch(view, ({ metadata, status }, { old }) =>
    // Not for the writes of its own status.
    old &&
    old.metadata.generation === metadata.generation &&
    old.metadata.annotations?.[adoptAnnotation] === metadata.annotations?.[adoptAnnotation] &&
    old.status !== status &&
    !metadata.deletionTimestamp
      ? []
      : [metadata.name],
  );
  storage.onPoolChange((pool) => controller.add(pool, coalesce));
  storage.onInexact = (pool) => controller.add(pool);
  return { controller, firstPass };
}

function notUsable(error: unknown): PoolState {
  return { ready: false, why: messageOf(error), broken: isCode(error, 'corrupted') };
}

class PoolPasses {
  readonly #storage: NodeStorage;
  /** The generation that each pool was last opened or grown for. */
  readonly #generations = new Map<string, number | undefined>();

  constructor(storage: NodeStorage) {
    this.#storage = storage;
  }

  async reconcile(given: Pool, signal: AbortSignal): Promise<Result> {
    if (isDeleting(given)) return this.#remove(given);
    const { api, node, events } = this.#storage.options;
    const { name } = given.metadata;
    const pool = await ensureFinalizer(api, pools, given, poolFinalizer);
    const state = await this.#look(pool, signal);
    const before = this.#storage.pool(name);
    this.#storage.setPool(name, state);
    if (!state.ready && (before?.ready !== false || before.why !== state.why)) {
      events.warning(pool, 'OpenFailed', state.why);
    }
    if (before?.ready !== state.ready) await tellVolumes(this.#storage, name, state);
    const exactly = this.#storage.takeExactly(name);
    const beside = this.#storage.promisedBeside(name);
    const status = poolStatus(pool, node, state, this.#storage.offer(pool), { exactly, beside });
    if (status) {
      const known = pool.status?.conditions;
      await api.updateStatus(pools, { ...pool, status });
      for (const { type, status: flag, message = '' } of status.conditions ?? []) {
        const was = known?.find((it) => it.type === type)?.status;
        if (type !== 'Ready' && flag === 'True' && was !== 'True') events.warning(pool, type, message);
      }
    }
    if (state.ready && this.#storage.options.sole) await adoptContents(this.#storage, pool);
    return { again: lookEvery };
  }

  async #look(pool: Pool, signal: AbortSignal): Promise<PoolState> {
    const { engine, log } = this.#storage.options;
    const { name, generation } = pool.metadata;
    const known = this.#storage.pool(name);
    try {
      if (known?.ready && this.#generations.get(name) === generation) {
        return { ...known, capacity: await engine.pools.capacity(name) };
      }
      const opened = await engine.pools.open(pool, signal);
      this.#generations.set(name, generation);
      if (!known?.ready) log.info({ pool: name, backend: opened.backend, path: opened.path }, 'pool open');
      return { ready: true, ...opened };
    } catch (error) {
      signal.throwIfAborted();
      log.warn({ pool: name, reason: messageOf(error) }, 'pool not usable');
      if (!known?.ready || !engine.pools.isOpen(name)) return notUsable(error);
      // A growth that failed leaves an open pool as it was; the next look tries again.
      return engine.pools.capacity(name).then((capacity) => ({ ...known, capacity }), notUsable);
    }
  }

  async #remove(pool: Pool): Promise<Result> {
    const { api, engine, log } = this.#storage.options;
    const { name, finalizers } = pool.metadata;
    if (!finalizers?.includes(poolFinalizer)) return {};
    const held = [...api.informer(volumes).list(), ...api.informer(snapshots).list()].filter(
      ({ status }) => status?.placement?.pool === name,
    );
    if (held.length > 0) {
      await this.#say(pool, `it goes once its ${held.length} volumes and snapshots are gone`);
      return { again: lookEvery };
    }
    if (engine.pools.isOpen(name)) {
      try {
        await engine.pools.remove(name);
      } catch (error) {
        await this.#say(pool, messageOf(error));
        return { again: lookEvery };
      }
    } else {
      log.warn({ pool: name }, 'a pool that could not be opened was deleted; its place was left as it is');
    }
    this.#storage.setPool(name, undefined);
    this.#generations.delete(name);
    await ensureNoFinalizer(api, pools, pool, poolFinalizer);
    return {};
  }

  async #say(pool: Pool, message: string): Promise<void> {
    const statement: Statement = { type: 'Ready', status: 'False', reason: 'Deleting', message };
    if (alreadySay(pool.status?.conditions, [statement])) return;
    const conditions = withConditions(pool.status?.conditions, [statement], pool.metadata.generation);
    await this.#storage.options.api.updateStatus(pools, { ...pool, status: { ...pool.status, conditions } });
  }
}
