import { fail, MoorageError } from '../../lib/errors.ts';
import type { Exec } from '../../lib/exec.ts';
import { KeyedLock } from '../../lib/keyed-lock.ts';
import type { Log } from '../../lib/log.ts';
import type { Pool } from '../../model/kinds/moorage.ts';
import { fsTypes } from '../../node/filesystem.ts';
import type {
  Artifact,
  Attached,
  Engine,
  EngineNode,
  EngineRef,
  EngineVolumes,
  PoolCapacity,
  SnapshotWish,
  VolumeWish,
} from '../engine.ts';
import { findAttachments, type LocalAttachment } from './attachments.ts';
import type { Metadata } from './metadata.ts';
import { LocalPool } from './pool.ts';
import type { Shelf, ShelfItem } from './shelf.ts';

/** A pool that is open on this machine. */
export interface OpenPool {
  readonly backend: 'image' | 'directory';
  /** Why that backend, for people. */
  readonly why: string;
  readonly path: string;
  readonly capacity: PoolCapacity;
}

/** The engine on this machine's own disks. Volumes of a pool can be used once the pool is open. */
export interface LocalEngine extends Engine {
  readonly name: 'local';
  /**
   * Ensures that the pool is there and usable, from nothing or from wherever a crash left it, and grown to what its
   * spec asks for. Throws `in-use` if its place holds anything that is not this pool, and changes nothing then.
   */
  openPool(pool: Pool): Promise<OpenPool>;
  /** Lets the pool go without touching its content. Throws `busy` while a volume of it is attached. */
  closePool(name: string): Promise<void>;
  /** Grows an open pool to what its spec asks for; never shrinks it. */
  growPool(pool: Pool): Promise<OpenPool>;
  /** Removes an open pool that has no volumes or snapshots left (`in-use` otherwise). */
  removePool(name: string): Promise<void>;
  /** Names of the open pools. */
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
  const poolOf = (name: string) =>
    pools.get(name) ??
    fail('not-ready', `pool ${name} is not open on this machine; "kubectl describe pool ${name}" says why`);
  const describe = async (pool: LocalPool): Promise<OpenPool> => ({
    backend: pool.content.backend,
    why: pool.marker.why,
    path: pool.base,
    capacity: await pool.capacity(),
  });

  return {
    name: 'local',

    get features() {
      const backends = [...pools.values()].map(({ content }) => content.backend);
      const block = backends.length > 0 ? backends.includes('image') : process.getuid?.() === 0;
      return { block, sizeEnforced: block && !backends.includes('directory'), fsTypes: block ? fsTypes : [] };
    },

    openPool: (wish) =>
      locks.run(`pool/${wish.metadata.name}`, async () => {
        const { name, uid } = wish.metadata;
        const open = pools.get(name);
        if (open && open.uid !== uid) fail('in-use', `pool ${name} is open under another uid; it must be closed first`);
        const pool = open ?? (await LocalPool.open(exec, log, dataDir, wish));
        pools.set(name, pool);
        if (open) await pool.grow(wish);
        return describe(pool);
      }),

    closePool: (name) =>
      locks.run(`pool/${name}`, async () => {
        await pools.get(name)?.close();
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

    pools: () => [...pools.keys()],
    attachments: () => findAttachments([...pools.values()]),
    backendOf: (name) => pools.get(name)?.content.backend,
    volumes: engineVolumes(poolOf, locks),
    node: engineNode(poolOf, locks),
  };
}

type PoolOf = (name: string) => LocalPool;

function engineVolumes(poolOf: PoolOf, locks: KeyedLock): EngineVolumes {
  const get: EngineVolumes['get'] = async (kind, ref) => {
    const pool = poolOf(ref.pool);
    const item = await shelfOf(pool, kind).get(ref.name);
    return item && artifactOf(pool, kind, item);
  };
  const remove = (kind: Artifact['kind'], ref: EngineRef) =>
    locks.run(lockOf(kind, ref), async () => {
      const pool = poolOf(ref.pool);
      const shelf = shelfOf(pool, kind);
      const item = await shelf.get(ref.name);
      if (item && !item.metadata) {
        fail(
          'permission',
          `deleting ${kind} ${ref.name}: ${item.directory} does not carry Moorage's mark; it was left alone`,
        );
      }
      const use = item && (await pool.content.inUse(item.directory));
      if (use) fail('in-use', `deleting ${kind} ${ref.name}: ${use}`);
      await shelf.remove(ref.name);
    });

  return {
    create: (wish) =>
      locks.run(lockOf('volume', wish), () =>
        naming(`creating volume ${wish.name}`, async () => {
          const pool = poolOf(wish.pool);
          return artifactOf(pool, 'volume', await ensureVolume(pool, wish));
        }),
      ),

    delete: (ref) => remove('volume', ref),

    expand: (ref, size) =>
      locks.run(lockOf('volume', ref), () =>
        naming(`growing volume ${ref.name}`, async () => {
          const pool = poolOf(ref.pool);
          const { directory, metadata } = await require(pool, 'volume', ref.name);
          const grown = await grow(pool, ref.name, directory, metadata, size);
          return artifactOf(pool, 'volume', { name: ref.name, directory, metadata: grown, complete: true });
        }),
      ),

    snapshot: (wish) =>
      locks.run(lockOf('snapshot', wish), () =>
        naming(`taking snapshot ${wish.name} of volume ${wish.volume}`, async () => {
          const pool = poolOf(wish.pool);
          return artifactOf(pool, 'snapshot', await ensureSnapshot(pool, wish));
        }),
      ),

    deleteSnapshot: (ref) => remove('snapshot', ref),
    get,

    async list(name) {
      const pool = poolOf(name);
      const of = async (kind: Artifact['kind']) => {
        const items = await shelfOf(pool, kind).list();
        return Promise.all(items.map((item) => artifactOf(pool, kind, item)));
      };
      return [...(await of('volume')), ...(await of('snapshot'))];
    },

    capacity: (name) => poolOf(name).capacity(),
  };
}

function engineNode(poolOf: PoolOf, locks: KeyedLock): EngineNode {
  return {
    attach: (ref, options) =>
      locks.run(lockOf('volume', ref), async () => {
        const pool = poolOf(ref.pool);
        const { directory, metadata } = await require(pool, 'volume', ref.name);
        if (metadata.format?.state === 'formatting') await forgetFormat(pool, ref.name, directory, metadata);
        return pool.content.attach(directory, options);
      }),

    detach: (ref) =>
      locks.run(lockOf('volume', ref), async () => {
        const pool = poolOf(ref.pool);
        const item = await pool.volumes.get(ref.name);
        if (item) await pool.content.detach(item.directory);
      }),

    async attached(ref): Promise<Attached | undefined> {
      const pool = poolOf(ref.pool);
      const item = await pool.volumes.get(ref.name);
      return item?.metadata && pool.content.attached(item.directory);
    },

    async formatted(ref) {
      const { metadata } = await require(poolOf(ref.pool), 'volume', ref.name);
      return metadata.format?.state === 'formatted' ? metadata.format.fsType : undefined;
    },

    recordFormat: (ref, fsType, state) =>
      locks.run(lockOf('volume', ref), async () => {
        const pool = poolOf(ref.pool);
        const { metadata } = await require(pool, 'volume', ref.name);
        await pool.volumes.update(ref.name, { ...metadata, format: { fsType, state } });
      }),
  };
}

/** Makes a volume blank whose mkfs was cut off, so that what is half-made there is taken for nothing else. */
async function forgetFormat(pool: LocalPool, name: string, directory: string, metadata: Metadata): Promise<void> {
  await pool.content.blank(directory, metadata.size);
  const { format: _, ...rest } = metadata;
  await pool.volumes.update(name, rest);
}

async function ensureVolume(pool: LocalPool, wish: VolumeWish): Promise<ShelfItem> {
  const { name, uid, size, provisioning } = wish;
  const present = await pool.volumes.get(name);
  if (present) {
    const metadata = checkMark(present, uid);
    return { ...present, metadata: await grow(pool, name, present.directory, metadata, size) };
  }
  const source = wish.source && (await require(pool, wish.source.kind, wish.source.name));
  if (source && source.metadata.size > size) {
    fail(
      'invalid',
      `it can't be smaller than its source: ${size} bytes, and ${wish.source?.name} has ${source.metadata.size}`,
    );
  }
  if (source && wish.source?.kind === 'volume') await pool.content.settle(source.directory);
  const metadata: Metadata = {
    version: 1,
    uid,
    size,
    provisioning,
    createdAt: new Date().toISOString(),
    ...(source?.metadata.format && { format: source.metadata.format }),
  };
  return pool.volumes.make(name, metadata, (directory) =>
    pool.content.fill(directory, { size, provisioning, source: source?.directory }),
  );
}

async function ensureSnapshot(pool: LocalPool, wish: SnapshotWish): Promise<ShelfItem> {
  const { name, uid, volume } = wish;
  const present = await pool.snapshots.get(name);
  if (present) {
    checkMark(present, uid);
    return present;
  }
  const source = await require(pool, 'volume', volume);
  await pool.content.settle(source.directory);
  const { size, format } = source.metadata;
  const metadata: Metadata = {
    version: 1,
    uid,
    size,
    provisioning: 'thin',
    createdAt: new Date().toISOString(),
    volume,
    ...(format && { format }),
  };
  return pool.snapshots.make(name, metadata, (directory) =>
    pool.content.fill(directory, { size, provisioning: 'thin', source: source.directory }),
  );
}

async function grow(
  pool: LocalPool,
  name: string,
  directory: string,
  metadata: Metadata,
  size: bigint,
): Promise<Metadata> {
  const wanted = size > metadata.size ? size : metadata.size;
  const { size: present = wanted } = await pool.content.measure(directory);
  // The record comes last, so that a growth that was cut off is done again, the loop device's part of it too.
  if (wanted > metadata.size || present < wanted) await pool.content.grow(directory, wanted, metadata.provisioning);
  if (wanted === metadata.size) return metadata;
  const grown = { ...metadata, size: wanted };
  await pool.volumes.update(name, grown);
  return grown;
}

/** A thing that must be there, with our mark. */
async function require(
  pool: LocalPool,
  kind: Artifact['kind'],
  name: string,
): Promise<ShelfItem & { readonly metadata: Metadata }> {
  const item = await shelfOf(pool, kind).get(name);
  if (!item) return fail('not-found', `there is no ${kind} ${name} in pool ${pool.name}`);
  const { metadata } = item;
  if (!metadata) return fail('permission', `${item.directory} does not carry Moorage's mark; it was left alone`);
  return { ...item, metadata };
}

function checkMark(item: ShelfItem, uid: string): Metadata {
  if (item.metadata?.uid === uid) return item.metadata;
  return fail(
    'already-exists',
    `${item.directory} belongs to another object of that name; "moorage inventory" tells more`,
  );
}

async function artifactOf(pool: LocalPool, kind: Artifact['kind'], item: ShelfItem): Promise<Artifact> {
  const { name, directory, metadata, complete } = item;
  const { used } = await pool.content.measure(directory).catch(() => ({ used: 0n }));
  return {
    kind,
    pool: pool.name,
    name,
    uid: metadata?.uid,
    size: metadata?.size ?? 0n,
    used,
    ...(metadata?.volume !== undefined && { volume: metadata.volume }),
    createdAt: new Date(metadata?.createdAt ?? 0),
    complete,
  };
}

function shelfOf(pool: LocalPool, kind: Artifact['kind']): Shelf {
  return kind === 'volume' ? pool.volumes : pool.snapshots;
}

function lockOf(kind: Artifact['kind'], { pool, name }: EngineRef): string {
  return `${kind}/${pool}/${name}`;
}

/** Says what was being done, and makes a full file system `exhausted`. */
async function naming<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof MoorageError)
      throw new MoorageError(error.code, `${doing}: ${error.message}`, { cause: error });
    const { code, message } = error as NodeJS.ErrnoException;
    const full = code === 'ENOSPC' || code === 'EDQUOT';
    throw new MoorageError(full ? 'exhausted' : 'internal', `${doing}: ${full ? 'the pool is full' : message}`, {
      cause: error,
    });
  }
}
