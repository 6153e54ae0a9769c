import { readdir, realpath, rm, rmdir, stat, statfs } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fail } from '../../lib/errors.ts';
import type { Exec } from '../../lib/exec.ts';
import type { Log } from '../../lib/log.ts';
import { adoptAnnotation, type Pool } from '../../model/kinds/moorage.ts';
import { deviceNumber } from '../../node/mount.ts';
import { mountAt } from '../../node/mountinfo.ts';
import { syncFilesystem, syncPath } from '../../node/sync.ts';
import type { EngineOptions, PoolCapacity, PoolPlaces } from '../engine.ts';
import { whyDead, whyNotWritable } from './alive.ts';
import { type PoolStore, type ShelfBackend, shelvesOf } from './backend.ts';
import type { Content } from './content.ts';
import { ensureBase, type Marker, markerName, readMarker, writeMarker } from './marks/marker.ts';
import { Shelf } from './shelf.ts';

/** A pool that is ready for use on this machine. */
export class ShelfPool {
  readonly name: string;
  readonly uid: string;
  readonly base: string;
  readonly marker: Marker;
  readonly content: Content;
  readonly volumes: Shelf;
  readonly snapshots: Shelf;
  readonly #store: PoolStore;
  /** Why its file system can't be used any more, as far as the last look has told. */
  #whyDead: string | undefined;
  /** True once it was seen to be empty and was unmounted: then its shelves are out of reach. */
  #leaving = false;

  private constructor(exec: Exec, base: string, marker: Marker, store: PoolStore, content: Content) {
    this.name = marker.pool;
    this.uid = marker.uid;
    this.base = base;
    this.marker = marker;
    this.content = content;
    this.#store = store;
    // XFS and ext4 have one log each for all changes, so syncing one directory makes all earlier changes durable.
    // Other file systems promise less.
    const flush = async (directory: string) =>
      (await hasOneLog(directory)) ? syncPath(directory) : syncFilesystem(exec, directory);
    const { volumes, snapshots } = shelvesOf(this.name, store.root);
    this.volumes = new Shelf(volumes.directory, flush, content.clear);
    this.snapshots = new Shelf(snapshots.directory, flush, content.clear);
  }

  /** Ensures the pool, from nothing or from wherever an earlier try was cut off. */
  static async open(
    backend: ShelfBackend,
    { exec, log, dataDir, places }: EngineOptions,
    wish: Pool,
    signal?: AbortSignal,
  ): Promise<ShelfPool> {
    const name = wish.metadata.name;
    const uid = wish.metadata.uid ?? fail('internal', `pool ${name} has no uid`);
    const own = join(dataDir, 'pools', name);
    const given = wish.spec.path === undefined ? own : resolve(wish.spec.path);
    const disk = await isDisk(name, given);
    const base = disk ? own : given;
    await ensureBase(base, base === own);
    const found = await readMarker(base);
    const present = found && (await adopted(backend.engine, base, found, wish, uid));
    if (!present) await refuseInside(base, places);
    if (!present && wasThere(wish)) {
      const was = wish.status?.nodes?.find(({ path }) => path !== undefined)?.path;
      const why = was === undefined || was === base ? 'is a disk not mounted?' : `set spec.path to ${was} again`;
      fail('not-found', `pool ${name}: ${base} is empty, though the pool was ${was ?? 'there'} before: ${why}`);
    }
    // A choice that nothing was built on yet is made anew: perhaps a tool was installed since.
    const begun = present && (present.made || (await backend.isBegun(base, present)));
    let marker = begun
      ? present
      : await writeMarker(base, {
          version: 1,
          engine: backend.engine,
          pool: name,
          uid,
          ...(await backend.decide({ base, disk: disk ? given : undefined, wish, signal })),
        });
    const onMade = async () => {
      marker = await writeMarker(base, { ...marker, made: true });
    };
    const place = { exec, log, wish, base, given, marker, proven: disk && !begun, onMade, signal };
    const { store, content } = await backend.open(place);
    const pool = new ShelfPool(exec, base, marker, store, content);
    await pool.#require(whyNotWritable);
    for (const shelf of [pool.volumes, pool.snapshots]) await sweep(shelf, name, log);
    return pool;
  }

  /** Grows what can grow to what the pool's spec says now. */
  async grow(wish: Pool): Promise<void> {
    await this.#store.grow(wish);
  }

  /** Whether its file system has shut down: then all that can be done is to let go of it. */
  get dead(): boolean {
    return this.#whyDead !== undefined;
  }

  /** Whether its file system is of the pool alone, so that it is ours to mount. */
  get hasFilesystem(): boolean {
    return this.#store.device !== undefined;
  }

  /** The file systems that its bytes take room from, its own first, each as `major:minor` of its device. */
  async filesystems(): Promise<readonly string[]> {
    return Promise.all(this.#store.room.map(async (path) => deviceNumber((await stat(path)).dev)));
  }

  /** Throws `corrupted` if its file system has shut down. */
  async checkAlive(): Promise<void> {
    await this.#require(whyDead);
  }

  async #require(look: (directory: string) => Promise<string | undefined>): Promise<void> {
    this.#whyDead = await look(this.#store.root);
    if (this.#whyDead !== undefined) fail('corrupted', this.deadWords());
  }

  /** That its file system has shut down, and how that was seen. */
  deadWords(): string {
    const { device } = this.#store;
    const where = device === undefined ? 'the file system that it is on' : `its file system on ${device}`;
    return `pool ${this.name}: ${where} has shut down or takes no writes (${this.#whyDead}); "dmesg" tells more`;
  }

  /** Throws `busy` while a volume is attached. */
  async close(): Promise<void> {
    await this.#store.close();
  }

  /** How full it is. Throws `corrupted` if its file system has shut down. */
  async capacity(): Promise<PoolCapacity> {
    await this.checkAlive();
    return this.#store.capacity();
  }

  /** Removes a pool without volumes and snapshots, but nothing that Moorage did not make. */
  async remove(): Promise<void> {
    const left = this.#leaving ? [] : [...(await this.volumes.list()), ...(await this.snapshots.list())];
    if (left.length > 0) {
      fail('in-use', `pool ${this.name} still holds ${left.length} volumes and snapshots, ${left[0]?.name} among them`);
    }
    try {
      await this.close();
    } catch (error) {
      // The unmounting may be done, and something else hold the loop device.
      this.#leaving = this.hasFilesystem && (await mountAt(this.#store.root)) === undefined;
      throw error;
    }
    await this.#store.remove();
    for (const directory of ['fs/volumes', 'fs/snapshots', 'fs', 'volumes', 'snapshots']) {
      await rmdir(join(this.base, directory)).catch(ignoreMissing);
    }
    await rm(join(this.base, markerName), { force: true });
    // The directory of a disk was made for it; one that was given stays.
    if ((await readdir(this.base)).length === 0 && this.marker.layout === 'disk') await rmdir(this.base);
  }
}

async function sweep(shelf: Shelf, pool: string, log: Log): Promise<void> {
  const { removed, left } = await shelf.sweep();
  if (removed.length > 0) log.info({ pool, swept: removed }, 'removed what a crash had left half-made');
  for (const reason of left) log.warn({ pool, reason }, 'something half-made or half-deleted stays');
}

/** Whether a pool's place is a disk, rather than a directory, which may have to be made. */
async function isDisk(pool: string, path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isBlockDevice()) return true;
  if (found && !found.isDirectory()) fail('invalid', `pool ${pool}: ${path} is neither a directory nor a disk`);
  const system = ['dev', 'proc', 'sys'].find((it) => path.startsWith(`/${it}/`));
  if (!system) return false;
  const missing = found ? `a directory below /${system} can't hold a pool` : 'there is no such disk: is it plugged in?';
  return fail(found ? 'invalid' : 'not-found', `pool ${pool}: ${path}: ${missing}`);
}

/** The mark as it is of this pool: of another one it is taken over only if the object names it. Throws `in-use`. */
async function adopted(engine: string, base: string, marker: Marker, { metadata }: Pool, uid: string): Promise<Marker> {
  if (marker.engine !== engine) {
    const remedy = `make a Pool with spec.engine: ${marker.engine} for it, or choose another directory`;
    fail('in-use', `${base} holds a pool of engine ${marker.engine}, ${marker.pool}: ${remedy}`);
  }
  if (marker.uid === uid) return marker;
  if (metadata.annotations?.[adoptAnnotation] === marker.uid) {
    const filesystem = marker.filesystem ?? marker.uid;
    return writeMarker(base, { ...marker, pool: metadata.name, uid, filesystem });
  }
  const remedy = 'choose another directory, or take it over with all that is in it: moorage adopt';
  return fail('in-use', `${base} holds another pool, ${marker.pool} (${marker.uid}); ${remedy}`);
}

/** A pool inside another one would promise its bytes once more, and stand in the way when that goes. */
async function refuseInside(base: string, places: PoolPlaces): Promise<void> {
  const path = await realpath(base);
  for (const [name, other] of places) {
    if (!path.startsWith(`${await realpath(other)}/`)) continue;
    await rmdir(base).catch(() => {});
    fail('invalid', `${base} is inside of pool ${name} (${other}); choose a directory outside of it`);
  }
}

/** Whether the object remembers that the pool was in use: then an empty place is a loss, and not a new beginning. */
function wasThere(wish: Pool): boolean {
  return wish.status?.nodes?.some(({ backend }) => backend !== undefined) ?? false;
}

const xfsMagic = 0x58465342;
const ext4Magic = 0xef53;

async function hasOneLog(directory: string): Promise<boolean> {
  return [xfsMagic, ext4Magic].includes((await statfs(directory)).type);
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
}
