import { lstat, mkdir, readdir, rmdir, stat, unlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fail, messageOf } from '../../lib/errors.ts';
import { readMounts } from '../../node/mountinfo.ts';
import type { Placed } from './launch.ts';

/** What was made on the machine so that volumes have a place there, outermost first. */
export interface Made {
  readonly path: string;
  readonly kind: 'directory' | 'file';
}

/**
 * Makes the places that are not there: a directory, or a file for raw block. Those inside another volume are left to
 * whoever mounts that one. Throws what kept a place from being made, with nothing left of it.
 */
export async function makePlaces(places: readonly Placed[]): Promise<Made[]> {
  const made: Made[] = [];
  try {
    for (const { path, source } of places) {
      if (places.some((outer) => outer.path !== path && path.startsWith(`${outer.path}/`))) continue;
      await makeDirectories(dirname(path), made);
      if (await isThere(path)) continue;
      if ((await stat(source)).isDirectory()) {
        await mkdir(path);
        made.push({ path, kind: 'directory' });
      } else {
        await writeFile(path, '', { flag: 'wx' });
        made.push({ path, kind: 'file' });
      }
    }
    return made;
  } catch (error) {
    await takeAwayPlaces(made);
    return fail('invalid', `making a place for the volumes: ${messageOf(error)}`, error);
  }
}

/** Level by level: where a file system answers "no such directory" for ever, as /proc does, a recursive mkdir never ends. */
async function makeDirectories(path: string, made: Made[]): Promise<void> {
  if (await isThere(path)) return;
  await makeDirectories(dirname(path), made);
  await mkdir(path);
  made.push({ path, kind: 'directory' });
}

/**
 * Takes away again what makePlaces made, innermost first, unless something is in it, or somebody has a mount there: the
 * kernel lets go of mounts on a directory that is removed, in whatever mount namespace they are.
 */
export async function takeAwayPlaces(made: readonly Made[]): Promise<void> {
  if (made.length === 0) return;
  const used = await mountPointsOfAll();
  for (const { path, kind } of made.toReversed()) {
    if (used.has(path)) continue;
    if (kind === 'directory') await rmdir(path).catch(() => {});
    else if ((await lstat(path).catch(() => undefined))?.size === 0) await unlink(path).catch(() => {});
  }
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
