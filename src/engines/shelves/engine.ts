import { fail } from '../../lib/errors.ts';
import { KeyedLock } from '../../lib/keyed-lock.ts';
import type { Engine, EngineOptions, OpenPool } from '../engine.ts';
import { failNotOpen } from '../not-open.ts';
import type { ShelfBackend } from './backend.ts';
import { engineNode } from './node.ts';
import { ShelfPool } from './pool.ts';
import { engineVolumes } from './volumes.ts';

/** An engine whose pools are shelves of a kind; they are opened one by one. Holds nothing that needs closing. */
export function openShelfEngine(backend: ShelfBackend, options: EngineOptions): Engine {
  const { places } = options;
  const pools = new Map<string, ShelfPool>();
  const locks = new KeyedLock();
  const knownPool = (name: string) => pools.get(name) ?? failNotOpen(name);
  const poolOf = (name: string) => {
    const pool = knownPool(name);
    return pool.dead ? fail('not-ready', pool.deadWords()) : pool;
  };
  const attachments = () => backend.attachments([...pools.values()]);
  const lock = <T>(name: string, work: () => Promise<T>) => locks.run(`pool/${name}`, work);
  const letGo = (name: string) => {
    pools.delete(name);
    places.delete(name);
  };

  return {
    name: backend.engine,
    pools: {
      open: (wish, signal) =>
        lock(wish.metadata.name, async () => {
          const { name, uid } = wish.metadata;
          const open = pools.get(name);
          if (open && open.uid !== uid)
            fail('in-use', `pool ${name} is open under another uid; it must be closed first`);
          const alive = open && !(await isDead(open)) ? open : undefined;
          if (open && !alive) {
            await letGoOfDead(backend, open);
            letGo(name);
          }
          const pool = alive ?? (await ShelfPool.open(backend, options, wish, signal));
          pools.set(name, pool);
          places.set(name, pool.base);
          await alive?.grow(wish);
          return describe(backend, pool);
        }),

      close: (name) =>
        lock(name, async () => {
          const pool = pools.get(name);
          if (pool) await refuseWhileAttached(backend, pool);
          await pool?.close();
          letGo(name);
        }),

      grow: (wish) =>
        lock(wish.metadata.name, async () => {
          const pool = poolOf(wish.metadata.name);
          await pool.grow(wish);
          return describe(backend, pool);
        }),

      remove: (name) =>
        lock(name, async () => {
          await poolOf(name).remove();
          letGo(name);
        }),

      list: () => [...pools.values()].filter(({ dead }) => !dead).map(({ name }) => name),
      isOpen: (name) => pools.has(name),
      capacity: (name) => knownPool(name).capacity(),
    },
    volumes: engineVolumes(poolOf, locks),
    node: { ...engineNode(backend, { poolOf, knownPool }, locks), attachments },
  };
}

async function describe({ engine }: ShelfBackend, pool: ShelfPool): Promise<OpenPool> {
  return {
    engine,
    backend: pool.content.backend,
    why: pool.marker.why,
    path: pool.base,
    features: pool.content.features,
    wiped: pool.marker.wiped,
    filesystems: await pool.filesystems(),
    hasFilesystem: pool.hasFilesystem,
    capacity: await pool.capacity(),
  };
}

/**
 * Unmounting would fail by itself, but for volumes that were attached by a container that has ended: these hold the
 * file system, not this mount of it.
 */
async function refuseWhileAttached(backend: ShelfBackend, pool: ShelfPool): Promise<void> {
  const [first] = await backend.attachments([pool]);
  if (first) fail('busy', `closing pool ${pool.name}: ${first.kind} ${first.name} is attached as ${first.device}`);
}

async function isDead(pool: ShelfPool): Promise<boolean> {
  await pool.checkAlive().catch(() => {});
  return pool.dead;
}

function at(target: string | undefined): string {
  return target === undefined ? '' : ` at ${target}`;
}

/** Lets a pool go whose file system has shut down, so that it can be opened again. What uses it has to end first. */
async function letGoOfDead(backend: ShelfBackend, pool: ShelfPool): Promise<void> {
  if (!pool.hasFilesystem) fail('corrupted', `${pool.deadWords()}; it is used again once it takes writes`);
  const held = await backend.attachments([pool]);
  if (held.length > 0) {
    // The first mount is where it is staged, which nobody asked for; the last is where it is used.
    const volumes = held.slice(0, 5).map(({ kind, name, targets }) => `${kind} ${name}${at(targets.at(-1))}`);
    const more = held.length > 5 ? ` and ${held.length - 5} more` : '';
    const remedy = 'unmount them, and it is mounted again; or start Moorage again, which does both';
    fail('corrupted', `${pool.deadWords()}. On it are ${volumes.join(', ')}${more}: ${remedy}`);
  }
  await pool.close();
}
