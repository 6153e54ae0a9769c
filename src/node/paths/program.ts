import type { FileHandle } from 'node:fs/promises';
import { MoorageError } from '../../lib/errors.ts';
import type { Exec, ExecOptions, ExecResult } from '../../lib/exec.ts';
import { pathForOthers } from './walk.ts';

/**
 * Newer ones of mount(8) do not go through the last link of a target, and the handle's path is one. The older call,
 * which they still have, does.
 */
const env = { LIBMOUNT_FORCE_MOUNT2: 'always' };

/**
 * Runs mount(8) or umount(8) on handles, by paths that nobody can turn. In messages, the handles have the names that
 * people know.
 */
export async function runOnHandles(
  exec: Exec,
  argv: readonly [string, ...string[]],
  names: ReadonlyMap<FileHandle, string>,
  options: ExecOptions = {},
): Promise<ExecResult> {
  const readable = (text: string) =>
    [...names].reduce((words, [handle, name]) => words.replaceAll(pathForOthers(handle), name), text);
  try {
    const result = await exec(argv, { ...options, env });
    return { ...result, stderr: readable(result.stderr) };
  } catch (error) {
    if (!(error instanceof MoorageError)) throw error;
    throw new MoorageError(error.code, readable(error.message), { cause: error });
  }
}
