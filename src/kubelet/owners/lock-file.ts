import type { FileHandle } from 'node:fs/promises';
import { isCode } from '../../lib/errors.ts';
import type { Exec } from '../../lib/exec.ts';
import { openEntry, pathForOthers, walk } from '../../node/paths/walk.ts';

/** Longest time that a timer of Node takes, in milliseconds; as good as for ever. */
const forEver = 2 ** 31 - 1;

/**
 * Opens the lock file of an owner. undefined if there is none, which nobody can own by: also where the path leads to
 * something else than a file (to open a device may have effects), or is one that others could turn elsewhere.
 */
export async function openLockFile(path: string): Promise<FileHandle | undefined> {
  try {
    await using place = await walk(path, { last: true });
    const entry = await openEntry(place);
    if ((await entry?.stat())?.isFile()) return entry;
    await entry?.close();
    return undefined;
  } catch (error) {
    if (isCode(error, 'invalid')) return undefined;
    throw error;
  }
}

/**
 * Waits until nobody holds the lock: the kernel tells a child that asks for the same one. The child keeps nothing, and
 * under setpriv it also ends when we are killed.
 */
export async function untilFree(exec: Exec, file: FileHandle, signal: AbortSignal): Promise<void> {
  const flock = ['flock', '--exclusive', '--no-fork', pathForOthers(file), 'true'] as const;
  const options = { signal, timeout: forEver };
  try {
    await exec(['setpriv', '--pdeathsig', 'KILL', ...flock], options);
  } catch (error) {
    if (!isCode(error, 'unsupported')) throw error;
    await exec(flock, options);
  }
}

/** Whether nobody holds the lock now. */
export async function isFree(exec: Exec, file: FileHandle, signal: AbortSignal): Promise<boolean> {
  const argv = ['flock', '--exclusive', '--nonblock', '--no-fork', pathForOthers(file), 'true'] as const;
  const { code } = await exec(argv, { signal, ok: [0, 1] });
  return code === 0;
}
