import { readdir, realpath, rm, rmdir, stat, statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fail } from '../../lib/errors.ts';
import type { Exec } from '../../lib/exec.ts';
import type { Log } from '../../lib/log.ts';
import { adoptAnnotation, type Pool } from '../../model/kinds/moorage.ts';
import { bytesOf } from '../../model/quantity.ts';
import { deviceNumber } from '../../node/mount.ts';
import { mountAt } from '../../node/mountinfo.ts';
import { filesystemStatistics, sectorSizeOf } from '../../node/statistics.ts';
import { syncFilesystem, syncPath } from '../../node/sync.ts';
import type { PoolCapacity } from '../engine.ts';
import { chooseLayout, probeReflink, whyNoLoop } from './choose-layout.ts';
import type { Content } from './content.ts';
import { takeOffDead, whyDead, whyNotWritable } from './dead-filesystem.ts';
import { directoryContent } from './directory-content.ts';
import { checkDisk } from './disk.ts';
import { imageContent } from './image-content.ts';
import { ensureBase, type Marker, markerName, readMarker, writeMarker } from './marker.ts';
import { Shelf } from './shelf.ts';
import { closeXfs, growImage, imageName, openDisk, openImage, type XfsStore } from './xfs-store.ts';

/** What opening a pool takes. */
export interface OpenOptions {
  readonly exec: Exec;
  readonly log: Log;
  readonly dataDir: string;
  /** The other pools that are open. */
  readonly others: readonly LocalPool[];
}

/** A pool that is ready for use on this machine. */
export class LocalPool {
  readonly name: string;
  readonly uid: string;
  readonly base: string;
  readonly marker: Marker;
  readonly content: Content;
  readonly volumes: Shelf;
  readonly snapshots: Shelf;
  readonly #exec: Exec;
  readonly #root: string;
  readonly #xfs: XfsStore | undefined;
  /** Why its file system can't be used any more, as far as the last look has told. */
  #whyDead: string | undefined;
  /** True once it was seen to be empty and was unmounted: then its shelves are out of reach. */
  #leaving = false;

  private constructor(exec: Exec, base: string, marker: Marker, root: string, xfs: XfsStore | undefined) {
    this.name = marker.pool;
    this.uid = marker.uid;
    this.base = base;
    this.marker = marker;
    this.#exec = exec;
    this.#root = root;
    this.#xfs = xfs;
    this.content =
      marker.layout === 'directory' ? directoryContent(exec) : imageContent(exec, marker.sectorSize, xfs?.image);
    // XFS and ext4 have one log each for all changes, so syncing one directory makes all earlier changes durable.
    // Other file systems promise less.
    const flush = async (directory: string) =>
      xfs || (await hasOneLog(directory)) ? syncPath(directory) : syncFilesystem(exec, directory);
    const { volumes, snapshots } = shelvesOf(this.name, root);
    this.volumes = new Shelf(volumes.directory, flush);
    this.snapshots = new Shelf(snapshots.directory, flush);
  }

  /** Ensures the pool, from nothing or from wherever an earlier try was cut off. */
  static async open({ exec, log, dataDir, others }: OpenOptions, wish: Pool, signal?: AbortSignal): Promise<LocalPool> {
    const name = wish.metadata.name;
    const uid = wish.metadata.uid ?? fail('internal', `pool ${name} has no uid`);
    const own = join(dataDir, 'pools', name);
    const given = wish.spec.path === undefined ? own : resolve(wish.spec.path);
    const disk = await isDisk(name, given);
    const base = disk ? own : given;
    await ensureBase(base, base === own);
    const found = await readMarker(base);
    const present = found && (await adopted(base, found, wish, uid));
    if (!present) await refuseInside(base, others);
    if (!present && wasThere(wish)) {
      const was = wish.status?.nodes?.find(({ path }) => path !== undefined)?.path;
      const why = was === undefined || was === base ? 'is a disk not mounted?' : `set spec.path to ${was} again`;
      fail('not-found', `pool ${name}: ${base} is empty, though the pool was ${was ?? 'there'} before: ${why}`);
    }
    // A choice that nothing was built on yet is made anew: perhaps a tool was installed since.
    const begun = present && (present.made || present.layout === 'disk' || (await readdir(base)).includes(imageName));
    let marker = begun ? present : await mark(exec, base, wish, uid, disk ? given : undefined, signal);
    const onMade = async () => {
      marker = await writeMarker(base, { ...marker, made: true });
    };
    if (marker.layout === 'image' || marker.layout === 'disk') {
      const root = join(base, 'fs');
      const shelves = shelvesOf(name, root);
      if (await takeOffDead(exec, root, shelves)) log.warn({ pool: name }, 'its file system had shut down; taken off');
    }
    const xfsWish = { pool: name, uid: marker.filesystem ?? uid, base, marker, onMade, proven: disk && !begun, signal };
    const xfs =
      marker.layout === 'image'
        ? await openImage(exec, { ...xfsWish, ...sizeOf(wish) })
        : marker.layout === 'disk'
          ? await openDisk(exec, given, xfsWish)
          : undefined;
    const root = xfs?.root ?? (marker.layout === 'reflink' ? join(base, 'fs') : base);
    const pool = new LocalPool(exec, base, marker, root, xfs);
    await pool.#require(whyNotWritable);
    for (const shelf of [pool.volumes, pool.snapshots]) {
      const { removed, left } = await shelf.sweep();
      if (removed.length > 0) log.info({ pool: name, swept: removed }, 'removed what a crash had left half-made');
      for (const reason of left) log.warn({ pool: name, reason }, 'something half-made or half-deleted stays');
    }
    return pool;
  }

  /** Grows what can grow to what the pool's spec says now. */
  async grow(wish: Pool): Promise<void> {
    if (this.#xfs) await growImage(this.#exec, this.#xfs, sizeOf(wish));
  }

  /** Whether its file system has shut down: then all that can be done is to let go of it. */
  get dead(): boolean {
    return this.#whyDead !== undefined;
  }

  /** Whether its file system is of the pool alone, so that it is ours to mount. */
  get hasFilesystem(): boolean {
    return this.#xfs !== undefined;
  }

  /** The file systems that its bytes take room from, its own first, each as `major:minor` of its device. */
  async filesystems(): Promise<readonly string[]> {
    const places = this.#xfs?.image === undefined ? [this.#root] : [this.#root, this.base];
    return Promise.all(places.map(async (path) => deviceNumber((await stat(path)).dev)));
  }

  /** Throws `corrupted` if its file system has shut down. */
  async checkAlive(): Promise<void> {
    await this.#require(whyDead);
  }

  async #require(look: (directory: string) => Promise<string | undefined>): Promise<void> {
    this.#whyDead = await look(this.#root);
    if (this.#whyDead !== undefined) fail('corrupted', this.deadWords());
  }

  /** That its file system has shut down, and how that was seen. */
  deadWords(): string {
    const where = this.#xfs ? `its file system on ${this.#xfs.device}` : `the file system that it is on`;
    return `pool ${this.name}: ${where} has shut down or takes no writes (${this.#whyDead}); "dmesg" tells more`;
  }

  /** Throws `busy` while a volume is attached. */
  async close(): Promise<void> {
    if (this.#xfs) await closeXfs(this.#exec, this.#xfs);
  }

  /**
   * How full it is. Throws `corrupted` if its file system has shut down. Where its size is only a promise of the file system below (a sparse image), what that one can
   * still give counts.
   */
  async capacity(): Promise<PoolCapacity> {
    await this.checkAlive();
    const own = await filesystemStatistics(this.#root);
    if (this.#xfs?.image === undefined) return own;
    const { size, blocks } = await stat(this.#xfs.image, { bigint: true });
    const below = await filesystemStatistics(dirname(this.#xfs.image));
    const holes = size > blocks * 512n ? size - blocks * 512n : 0n;
    // Only the holes need space from below: what the image has is already its own.
    const lacking = holes > below.available ? holes - below.available : 0n;
    const available = own.available > lacking ? own.available - lacking : 0n;
    return { total: own.used + available, used: own.used, available };
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
      this.#leaving = this.#xfs !== undefined && (await mountAt(this.#root)) === undefined;
      throw error;
    }
    if (this.#xfs?.image !== undefined) await rm(this.#xfs.image, { force: true });
    for (const directory of ['fs/volumes', 'fs/snapshots', 'fs', 'volumes', 'snapshots']) {
      await rmdir(join(this.base, directory)).catch(ignoreMissing);
    }
    await rm(join(this.base, markerName), { force: true });
    if ((await readdir(this.base)).length === 0 && this.marker.layout === 'disk') await rmdir(this.base);
  }
}

function shelvesOf(name: string, root: string) {
  const directory = (kind: string) => ({ directory: join(root, kind) });
  return { name, volumes: directory('volumes'), snapshots: directory('snapshots'), dead: false };
}

/** The sizes that a pool's spec asks for. */
function sizeOf({ spec }: Pool): { size: bigint | undefined; preallocate: boolean } {
  return { size: spec.size === undefined ? undefined : bytesOf(spec.size), preallocate: spec.preallocate };
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
async function adopted(base: string, marker: Marker, { metadata }: Pool, uid: string): Promise<Marker> {
  if (marker.uid === uid) return marker;
  if (metadata.annotations?.[adoptAnnotation] === marker.uid) {
    const filesystem = marker.filesystem ?? marker.uid;
    return writeMarker(base, { ...marker, pool: metadata.name, uid, filesystem });
  }
  const remedy = 'choose another directory, or take it over with all that is in it: moorage adopt';
  return fail('in-use', `${base} holds another pool, ${marker.pool} (${marker.uid}); ${remedy}`);
}

/** A pool inside another one would promise its bytes once more, and stand in the way when that goes. */
async function refuseInside(base: string, others: readonly LocalPool[]): Promise<void> {
  const path = await realpath(base);
  for (const other of others) {
    if (!path.startsWith(`${await realpath(other.base)}/`)) continue;
    await rmdir(base).catch(() => {});
    fail('invalid', `${base} is inside of pool ${other.name} (${other.base}); choose a directory outside of it`);
  }
}

/** Whether the object remembers that the pool was in use: then an empty place is a loss, and not a new beginning. */
function wasThere(wish: Pool): boolean {
  return wish.status?.nodes?.some(({ backend }) => backend !== undefined) ?? false;
}

/** Decides how a new pool keeps its data, and marks its place, before anything else is made there. */
async function mark(
  exec: Exec,
  base: string,
  wish: Pool,
  uid: string,
  disk: string | undefined,
  signal: AbortSignal | undefined,
): Promise<Marker> {
  const noLoop = await whyNoLoop(exec);
  const reflink = disk === undefined && noLoop === undefined && (await probeReflink(base));
  const choice = chooseLayout({ backend: wish.spec.backend, disk: disk !== undefined, noLoop, reflink });
  const wiped = disk === undefined ? undefined : await checkDisk(exec, disk, wish, signal);
  const device = disk === undefined ? (await stat(base)).dev : (await stat(disk)).rdev;
  const sectorSize = await sectorSizeOf(deviceNumber(device));
  const made = choice.layout === 'reflink' || choice.layout === 'directory';
  return writeMarker(base, {
    version: 1,
    pool: wish.metadata.name,
    uid,
    ...choice,
    sectorSize,
    made,
    ...(wiped !== undefined && { wiped }),
  });
}

const xfsMagic = 0x58465342;
const ext4Magic = 0xef53;

async function hasOneLog(directory: string): Promise<boolean> {
  return [xfsMagic, ext4Magic].includes((await statfs(directory)).type);
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
}
