import { constants, mkdirSync, statSync } from 'node:fs';
import { access, mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Ensures a directory, and those above it. Level by level, so that it ends: on a file system that answers "no such
 * directory" whatever is made there, as /proc does, Node's own recursive mkdir goes round for ever. Throws what
 * mkdir(2) answers.
 */
export async function makeDirectory(path: string, mode = 0o777): Promise<void> {
  const error = await mkdir(path, { mode }).then(() => undefined, asErrno);
  if (error === undefined || (await isDirectory(path))) return;
  const parent = dirname(path);
  if (error.code !== 'ENOENT' || parent === path) throw error;
  // Once more also where it is there: another one may have made it this moment.
  if (!(await isDirectory(parent))) await makeDirectory(parent, mode);
  await mkdir(path, { mode }).catch(async (again: unknown) => {
    if (!(await isDirectory(path))) throw again;
  });
}

/** As makeDirectory, for where nothing else may run meanwhile. */
export function makeDirectorySync(path: string, mode = 0o777): void {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    if (isDirectorySync(path)) return;
    const parent = dirname(path);
    if (asErrno(error).code !== 'ENOENT' || parent === path) throw error;
    if (!isDirectorySync(parent)) makeDirectorySync(parent, mode);
    if (!isDirectorySync(path)) mkdirSync(path, { mode });
  }
}

/** The directory, or the nearest one above it that is there. */
export async function nearest(directory: string): Promise<string> {
  return directory === '/' || (await canAccess(directory, constants.F_OK)) ? directory : nearest(dirname(directory));
}

/** Whether this process may make something in the directory. */
export async function mayWrite(directory: string): Promise<boolean> {
  return canAccess(directory, constants.W_OK);
}

async function canAccess(path: string, mode: number): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  );
}

function asErrno(error: unknown): NodeJS.ErrnoException {
  return error instanceof Error ? error : new Error(String(error));
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

function isDirectorySync(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
