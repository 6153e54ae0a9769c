import { lstat, readdir, realpath, rmdir, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fail } from '../../lib/errors.ts';
import { mountAt } from '../../node/mountinfo.ts';

/** What is at a path: nothing, an empty directory, something mounted, a symbolic link, or something that is not ours. */
export type Found = 'nothing' | 'empty-directory' | 'empty-file' | 'mount' | 'link' | 'foreign';

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
 * Checks that something may be mounted at the target, and says whether nothing is there yet. Throws `invalid` for
 * what is neither absent nor an empty directory.
 */
export async function checkTarget(target: string): Promise<{ readonly absent: boolean }> {
  const found = await lookAt(target);
  switch (found) {
    case 'nothing':
      return { absent: true };
    case 'empty-directory':
      return { absent: false };
    case 'mount':
      return refuse(target, 'something is mounted there: unmount it, or choose another path');
    case 'link':
      return refuse(target, 'it is a symbolic link: remove it, or choose another path');
    case 'empty-file':
    case 'foreign':
      return refuse(target, 'it is neither absent nor an empty directory: empty it, or choose another path');
  }
}

/** Takes away what is left of a target that was ours: an empty directory, an empty file, or a link. */
export async function removeTarget(target: string): Promise<void> {
  const found = await lookAt(target);
  const ignoreAbsence = (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT' && error.code !== 'ENOTEMPTY') throw error;
  };
  if (found === 'empty-directory') await rmdir(target).catch(ignoreAbsence);
  if (found === 'empty-file' || found === 'link') await unlink(target).catch(ignoreAbsence);
}

function refuse(target: string, why: string): never {
  return fail('invalid', `${target} can't be used: ${why}`);
}
