import type { Engine, EngineOptions, EngineRef, Engines } from './engine.ts';
import { failNotOpen } from './not-open.ts';
import { engineNames, openEngine } from './registry.ts';

/**
 * All engines as one: a pool is opened by the engine that its spec names, and each call about it or what is in it goes
 * there. Holds nothing that needs closing but the pools.
 */
export function openEngines(options: Omit<EngineOptions, 'places'>): Engines {
  const known = new Map<string, Promise<Engine>>();
  const loaded = new Set<Engine>();
  const places: EngineOptions['places'] = new Map();
  const ensure = (name: string) => {
    const present = known.get(name);
    if (present) return present;
    const opening = openEngine(name, { ...options, places }).then((engine) => {
      loaded.add(engine);
      return engine;
    });
    known.set(name, opening);
    // What could not be loaded is tried again by the next who needs it.
    opening.catch(() => known.delete(name));
    return opening;
  };
  const keeper = (pool: string) => {
    for (const engine of loaded) if (engine.pools.isOpen(pool)) return engine;
    return undefined;
  };
  // So that what is wrong with a name is a rejection, as of every other call.
  const at = async <T>({ pool }: Pick<EngineRef, 'pool'>, work: (engine: Engine) => Promise<T>) =>
    work(keeper(pool) ?? failNotOpen(pool));

  return {
    pools: {
      open: async (pool, signal) => (await ensure(pool.spec.engine)).pools.open(pool, signal),
      close: async (name) => keeper(name)?.pools.close(name),
      grow: (pool) => at({ pool: pool.metadata.name }, ({ pools }) => pools.grow(pool)),
      remove: (pool) => at({ pool }, ({ pools }) => pools.remove(pool)),
      list: () => [...loaded].flatMap(({ pools }) => pools.list()),
      isOpen: (name) => keeper(name) !== undefined,
      capacity: (pool) => at({ pool }, ({ pools }) => pools.capacity(pool)),
    },
    volumes: {
      create: (wish) => at(wish, ({ volumes }) => volumes.create(wish)),
      delete: (ref) => at(ref, ({ volumes }) => volumes.delete(ref)),
      expand: (ref, size) => at(ref, ({ volumes }) => volumes.expand(ref, size)),
      snapshot: (wish) => at(wish, ({ volumes }) => volumes.snapshot(wish)),
      deleteSnapshot: (ref) => at(ref, ({ volumes }) => volumes.deleteSnapshot(ref)),
      get: (kind, ref) => at(ref, ({ volumes }) => volumes.get(kind, ref)),
      list: (pool) => at({ pool }, ({ volumes }) => volumes.list(pool)),
    },
    node: {
      attach: (ref, how) => at(ref, ({ node }) => node.attach(ref, how)),
      detach: (ref) => at(ref, ({ node }) => node.detach(ref)),
      attached: (ref) => at(ref, ({ node }) => node.attached(ref)),
      async attachments() {
        const found = await Promise.all([...loaded].map(({ node }) => node.attachments()));
        return found.flat();
      },
      release: (attachment) => at(attachment, ({ node }) => node.release(attachment)),
      async trace(name) {
        // What was attached before this process began may be of an engine that no pool has asked for since.
        const engines = await Promise.all(engineNames.map(ensure));
        const found = await Promise.all(engines.map(({ node }) => node.trace(name)));
        return found.find((device) => device !== undefined);
      },
      usage: (ref) => at(ref, ({ node }) => node.usage(ref)),
      formatted: (ref) => at(ref, ({ node }) => node.formatted(ref)),
      secure: (ref, made) => at(ref, ({ node }) => node.secure(ref, made)),
      recordFormat: (ref, fsType, state) => at(ref, ({ node }) => node.recordFormat(ref, fsType, state)),
    },
  };
}
