import { mkdir, readdir, rmdir, unlink, writeFile } from 'node:fs/promises';
import { fail, isCode } from '../../lib/errors.ts';
import { mountAtPlace } from '../../node/paths/mounted.ts';
import { entryOf, openEntry, type Place, walk } from '../../node/paths/walk.ts';

/** What is at a path: nothing, an empty directory, something mounted, a symbolic link, or something that is not ours. */
export type TargetContent = 'nothing' | 'empty-directory' | 'empty-file' | 'mount' | 'link' | 'foreign';

/** What was at a target before anything was mounted there. */
export type TargetBefore = 'nothing' | 'directory' | 'file';

/** Looks at a path without following a link at its end, or one on the way that others could turn elsewhere. */
export async function lookAt(path: string): Promise<TargetContent> {
  return (await atPlace(path, lookAtPlace)) ?? 'nothing';
}

/** Does something at a path, if there is a way to it. */
async function atPlace<T>(path: string, work: (place: Place) => Promise<T>): Promise<T | undefined> {
  const found = await walk(path).catch((error: unknown) => {
    if (isCode(error, 'invalid')) return undefined;
    throw error;
  });
  if (!found) return undefined;
  await using place = found;
  return await work(place);
}

async function lookAtPlace(place: Place): Promise<TargetContent> {
  if (await mountAtPlace(place)) return 'mount';
  await using entry = await openEntry(place);
  if (!entry) return 'nothing';
  const found = await entry.stat();
  if (found.isSymbolicLink()) return 'link';
  if (found.isDirectory()) {
    return (await readdir(`/proc/self/fd/${entry.fd}`)).length === 0 ? 'empty-directory' : 'foreign';
  }
  return found.isFile() && found.size === 0 ? 'empty-file' : 'foreign';
}

/**
 * A path without links, in whose place something may be mounted. Throws `invalid` if its parent is no directory, if
 * others could turn it elsewhere, or if `check` says so.
 */
export async function resolveTarget(path: string, check: (place: Place) => Promise<void>): Promise<string> {
  await using place = await walk(path);
  await check(place);
  return place.path;
}

/**
 * Checks that something may be mounted at the target, and says what is there. Throws `invalid` for
 * what is neither absent nor empty. A raw block volume appears as a file, so for one an empty directory does not do.
 */
export async function checkTarget(target: string, block: boolean): Promise<TargetBefore> {
  const found = await lookAt(target);
  switch (found) {
    case 'nothing':
      return 'nothing';
    case 'empty-directory':
      if (block) return refuse(target, 'a raw block volume appears as a file, and that is a directory: remove it');
      return 'directory';
    case 'mount':
      return refuse(target, 'something is mounted there: unmount it, or choose another path');
    case 'link':
      return refuse(target, 'it is a symbolic link: remove it, or choose another path');
    case 'empty-file':
      if (block) return 'file';
      return refuse(target, 'it is a file: remove it, or choose another path');
    case 'foreign':
      return refuse(target, 'it is neither absent nor an empty directory: empty it, or choose another path');
  }
}

/**
 * Makes the target what it was before: takes away what a driver left of a target that it made (an empty directory, an
 * empty file, a link), or puts back what it took away.
 */
export async function restoreTarget(target: string, before: TargetBefore): Promise<void> {
  await atPlace(target, async (place) => {
    const [found, entry] = [await lookAtPlace(place), entryOf(place)];
    if (found === 'link' || (found === 'empty-file' && before !== 'file')) await unlink(entry).catch(tolerate);
    if (found === 'empty-directory' && before !== 'directory') await rmdir(entry).catch(tolerate);
    if (before === 'directory') await mkdir(entry).catch(tolerate);
    if (before === 'file') await writeFile(entry, '', { flag: 'wx' }).catch(tolerate);
  });
}

function tolerate(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT' && error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
}

function refuse(target: string, why: string): never {
  return fail('invalid', `${target} can't be used: ${why}`);
}
