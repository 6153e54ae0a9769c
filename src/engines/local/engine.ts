import { fail } from '../../lib/errors.ts';
import type { Exec } from '../../lib/exec.ts';
import { KeyedLock } from '../../lib/keyed-lock.ts';
import type { Log } from '../../lib/log.ts';
import { fsTypes } from '../../model/filesystems/types.ts';
import type { Pool } from '../../model/kinds/moorage.ts';
import type { Engine, PoolCapacity } from '../engine.ts';
import { findAttachments, type LocalAttachment } from './attachments.ts';
import { engineNode } from './node.ts';
import { LocalPool } from './pool.ts';
import { engineVolumes } from './volumes.ts';

/** A pool that is open on this machine. */
export interface OpenPool {
  readonly backend: 'image' | 'directory';
  /** Why that backend, for people. */
  readonly why: string;
  readonly path: string;
  /** The disk whose content was given up for it, when it was made. */
  readonly wiped?: string | undefined;
  /** The file systems that it takes room from, by their devices: pools that have one in common take from each other. */
  readonly filesystems: readonly string[];
  /** Whether the first of them is its own, so that what is used of it is used by the pool. */
  readonly hasFilesystem: boolean;
  readonly capacity: PoolCapacity;
}

/** The engine on this machine's own disks. Volumes of a pool can be used once the pool is open. */
export interface LocalEngine extends Engine {
  readonly name: 'local';
  /**
   * Ensures that the pool is there and usable, from nothing or from wherever a crash left it, and grown to what its
   * spec asks for. Throws `in-use` if its place holds anything that is not this pool, and changes nothing then. To
   * find a large disk blank takes a while, which the signal ends.
   */
  openPool(pool: Pool, signal?: AbortSignal): Promise<OpenPool>;
  /** Lets the pool go without touching its content. Throws `busy` while a volume of it is attached. */
  closePool(name: string): Promise<void>;
  /** Grows an open pool to what its spec asks for; never shrinks it. */
  growPool(pool: Pool): Promise<OpenPool>;
  /** Removes an open pool that has no volumes or snapshots left (`in-use` otherwise). */
  removePool(name: string): Promise<void>;
  /** Names of the open pools whose file systems are alive. */
  pools(): readonly string[];
  /** The loop devices over files of the open pools, whoever attached them. */
  attachments(): Promise<readonly LocalAttachment[]>;
  /** The backend of an open pool, or undefined. */
  backendOf(pool: string): 'image' | 'directory' | undefined;
}

/** Opens the engine; its pools are opened one by one, by openPool. Holds nothing that needs closing. */
export function openLocalEngine(options: {
  readonly dataDir: string;
  readonly exec: Exec;
  readonly log: Log;
}): LocalEngine {
  const { dataDir, exec, log } = options;
  const pools = new Map<string, LocalPool>();
  const locks = new KeyedLock();
  const knownPool = (name: string) =>
    pools.get(name) ??
    fail('not-ready', `pool ${name} is not open on this machine; "kubectl describe pool ${name}" says why`);
  const poolOf = (name: string) => {
    const pool = knownPool(name);
    return pool.dead ? fail('not-ready', pool.deadWords()) : pool;
  };
  const describe = async (pool: LocalPool): Promise<OpenPool> => ({
    backend: pool.content.backend,
    why: pool.marker.why,
    path: pool.base,
    wiped: pool.marker.wiped,
    filesystems: await pool.filesystems(),
    hasFilesystem: pool.hasFilesystem,
    capacity: await pool.capacity(),
  });

  return {
    name: 'local',

    get features() {
      const backends = [...pools.values()].map(({ content }) => content.backend);
      const block = backends.length > 0 ? backends.includes('image') : process.getuid?.() === 0;
      return { block, sizeEnforced: block && !backends.includes('directory'), fsTypes: block ? fsTypes : [] };
    },

    openPool: (wish, signal) =>
      locks.run(`pool/${wish.metadata.name}`, async () => {
        const { name, uid } = wish.metadata;
        const open = pools.get(name);
        if (open && open.uid !== uid) fail('in-use', `pool ${name} is open under another uid; it must be closed first`);
        const alive = open && !(await isDead(open)) ? open : undefined;
        if (open && !alive) {
          await letGoOfDead(exec, open);
          pools.delete(name);
        }
        const pool = alive ?? (await LocalPool.open({ exec, log, dataDir, others: [...pools.values()] }, wish, signal));
        pools.set(name, pool);
        await alive?.grow(wish);
        return describe(pool);
      }),

    closePool: (name) =>
      locks.run(`pool/${name}`, async () => {
        const pool = pools.get(name);
        if (pool) await refuseWhileAttached(exec, pool);
        await pool?.close();
        pools.delete(name);
      }),

    growPool: (wish) =>
      locks.run(`pool/${wish.metadata.name}`, async () => {
        const pool = poolOf(wish.metadata.name);
        await pool.grow(wish);
        return describe(pool);
      }),

    removePool: (name) =>
      locks.run(`pool/${name}`, async () => {
        await poolOf(name).remove();
        pools.delete(name);
      }),

    pools: () => [...pools.values()].filter(({ dead }) => !dead).map(({ name }) => name),
    attachments: () => findAttachments(exec, [...pools.values()]),
    backendOf: (name) => pools.get(name)?.content.backend,
    volumes: { ...engineVolumes(poolOf, locks), capacity: (name) => knownPool(name).capacity() },
    node: engineNode(exec, { poolOf, knownPool }, locks),
  };
}

/**
 * Unmounting would fail by itself, but for volumes that were attached by a container that has ended: these hold the
 * file system, not this mount of it.
 */
async function refuseWhileAttached(exec: Exec, pool: LocalPool): Promise<void> {
  const [first] = await findAttachments(exec, [pool]);
  if (first) fail('busy', `closing pool ${pool.name}: ${first.kind} ${first.name} is attached as ${first.device}`);
}

async function isDead(pool: LocalPool): Promise<boolean> {
  await pool.checkAlive().catch(() => {});
  return pool.dead;
}

function at(target: string | undefined): string {
  return target === undefined ? '' : ` at ${target}`;
}

/** Lets a pool go whose file system has shut down, so that it can be opened again. What uses it has to end first. */
async function letGoOfDead(exec: Exec, pool: LocalPool): Promise<void> {
  if (!pool.hasFilesystem) fail('corrupted', `${pool.deadWords()}; it is used again once it takes writes`);
  const held = await findAttachments(exec, [pool]);
  if (held.length > 0) {
    // The first mount is where it is staged, which nobody asked for; the last is where it is used.
    const volumes = held.slice(0, 5).map(({ kind, name, targets }) => `${kind} ${name}${at(targets.at(-1))}`);
    const more = held.length > 5 ? ` and ${held.length - 5} more` : '';
    const remedy = 'unmount them, and it is mounted again; or start Moorage again, which does both';
    fail('corrupted', `${pool.deadWords()}. On it are ${volumes.join(', ')}${more}: ${remedy}`);
  }
  await pool.close();
}
