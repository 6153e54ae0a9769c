import { lstat, mkdir, readdir, realpath, rmdir, stat, unlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fail } from '../../lib/errors.ts';
import { mountAt } from '../../node/mountinfo.ts';

/** What is at a path: nothing, an empty directory, something mounted, a symbolic link, or something that is not ours. */
export type Found = 'nothing' | 'empty-directory' | 'empty-file' | 'mount' | 'link' | 'foreign';

/** What was at a target before anything was mounted there. */
export type TargetBefore = 'nothing' | 'directory' | 'file';

/** Looks at a path without following a link at its end. */
export async function lookAt(path: string): Promise<Found> {
  if (await mountAt(path)) return 'mount';
  const entry = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (!entry) return 'nothing';
  if (entry.isSymbolicLink()) return 'link';
  if (entry.isDirectory()) return (await readdir(path)).length === 0 ? 'empty-directory' : 'foreign';
  return entry.isFile() && entry.size === 0 ? 'empty-file' : 'foreign';
}

/** A path with the symbolic links before its last element resolved. Throws `invalid` if its parent is no directory. */
export async function resolveTarget(path: string): Promise<string> {
  const parent = await realpath(dirname(path)).catch(() => undefined);
  const directory = parent === undefined ? undefined : await stat(parent);
  if (parent === undefined || !directory?.isDirectory()) {
    return fail('invalid', `${path} can't be used: ${dirname(path)} is not a directory; create it first`);
  }
  return join(parent, basename(path));
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
  const found = await lookAt(target);
  const tolerate = (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT' && error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
  };
  if (found === 'link' || (found === 'empty-file' && before !== 'file')) await unlink(target).catch(tolerate);
  if (found === 'empty-directory' && before !== 'directory') await rmdir(target).catch(tolerate);
  if (before === 'directory') await mkdir(target).catch(tolerate);
  if (before === 'file') await writeFile(target, '', { flag: 'wx' }).catch(tolerate);
}

function refuse(target: string, why: string): never {
  return fail('invalid', `${target} can't be used: ${why}`);
}
