import type { BigIntStats } from 'node:fs';
import { lstat, mkdir, readdir, readFile, rmdir, stat, unlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { fail, messageOf } from '../../lib/errors.ts';
import { readMounts } from '../../node/mountinfo.ts';
import { identityOf } from '../../node/paths/walk.ts';
import { replaceFile } from '../../node/records.ts';
import type { Placed } from './launch.ts';
import { lockPlaces, type PlacesLock } from './places-lock.ts';

const madeSchema = z.object({ path: z.string(), kind: z.enum(['directory', 'file']), identity: z.string() });

/** What was made on the machine so that a volume has a place there. */
type Made = z.infer<typeof madeSchema>;

/**
 * The places where the programs of this machine see their volumes. Several programs may use one, and end in any order:
 * what was made for them is noted in a file, and goes with the last of them, or when the next one ends.
 */
export class Places {
  readonly #lockFile: string;
  readonly #list: string;

  constructor(directory: string) {
    this.#lockFile = join(directory, 'places.lock');
    this.#list = join(directory, 'places.json');
  }

  /**
   * Makes the places that are not there: a directory, or a file for raw block. Those inside another volume are left to
   * whoever mounts that one. Throws what kept a place from being made. They may be taken away by others as soon as the
   * lock ends, unless something is mounted there by then.
   */
  async make(places: readonly Placed[]): Promise<PlacesLock> {
    using stack = new DisposableStack();
    const lock = stack.use(await lockPlaces(this.#lockFile));
    const before = await this.#read();
    const made: Made[] = [];
    try {
      for (const { path, source } of places) {
        if (places.some((outer) => outer.path !== path && path.startsWith(`${outer.path}/`))) continue;
        await makeDirectories(dirname(path), made);
        if (await isThere(path)) continue;
        if ((await stat(source)).isDirectory()) await mkdir(path);
        else await writeFile(path, '', { flag: 'wx' });
        made.push(await noteOf(path));
      }
    } catch (error) {
      fail('invalid', `making a place for the volumes: ${messageOf(error)}`, error);
    } finally {
      if (made.length > 0) await this.#write([...before, ...made]);
    }
    stack.move();
    return lock;
  }

  /**
   * Takes away again what was made, innermost first, unless something is in it. What somebody has a mount on is left for
   * later: the kernel lets go of mounts on a directory that is removed, in whatever mount namespace they are.
   */
  async takeAway(): Promise<void> {
    using _lock = await lockPlaces(this.#lockFile);
    const made = await this.#read();
    if (made.length === 0) return;
    const used = await mountPointsOfAll();
    const left: Made[] = [];
    for (const one of made.toReversed()) {
      // What a place that is used is in can't go either, and is to go with it.
      if (used.has(one.path) || left.some(({ path }) => path.startsWith(`${one.path}/`))) left.unshift(one);
      else await takeAwayOne(one);
    }
    if (left.length < made.length) await this.#write(left);
  }

  /** One that can't be read is none: then what was made stays, which does no harm. */
  async #read(): Promise<readonly Made[]> {
    const text = await readFile(this.#list, 'utf8').catch(() => '[]');
    try {
      return z.array(madeSchema).parse(JSON.parse(text));
    } catch {
      return [];
    }
  }

  async #write(made: readonly Made[]): Promise<void> {
    await replaceFile(this.#list, JSON.stringify(made));
  }
}

/** Level by level: where a file system answers "no such directory" for ever, as /proc does, a recursive mkdir never ends. */
async function makeDirectories(path: string, made: Made[]): Promise<void> {
  if (await isThere(path)) return;
  await makeDirectories(dirname(path), made);
  await mkdir(path);
  made.push(await noteOf(path));
}

async function noteOf(path: string): Promise<Made> {
  const stats = await lstat(path, { bigint: true });
  return { path, kind: stats.isDirectory() ? 'directory' : 'file', identity: identityOf(stats) };
}

/** Another one at the same path is not ours, and one with content is not ours alone any more. */
async function takeAwayOne({ path, kind, identity }: Made): Promise<void> {
  const stats: BigIntStats | undefined = await lstat(path, { bigint: true }).catch(() => undefined);
  if (!stats || identityOf(stats) !== identity) return;
  if (kind === 'directory') await rmdir(path).catch(() => {});
  else if (stats.size === 0n) await unlink(path).catch(() => {});
}

/** Where something is mounted, in any mount namespace that a process is in. */
async function mountPointsOfAll(): Promise<Set<string>> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const targets = new Set<string>();
  for (const pid of pids) {
    // A process that has just ended has no mounts any more.
    for (const { target } of await readMounts(pid).catch(() => [])) targets.add(target);
  }
  return targets;
}

async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
}
