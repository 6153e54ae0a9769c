import { randomBytes } from 'node:crypto';
import { open, rename, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeDirectory } from '../../lib/directories.ts';
import { fail } from '../../lib/errors.ts';

/** Writes a file that only its owner may read, whole or not at all, even if the machine dies meanwhile. */
export async function writePrivateFile(file: string, text: string): Promise<void> {
  await makeDirectory(dirname(file), 0o700);
  const temporary = `${file}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await using handle = await open(temporary, 'wx', 0o600);
    await handle.writeFile(text);
    await handle.sync();
    await rename(temporary, file);
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw error;
  }
  await using directory = await open(dirname(file));
  await directory.sync();
}

/**
 * Reads a file that only its owner may read; undefined if there is none. Throws `permission` if others may read it:
 * what was in it may be known to them.
 */
export async function readPrivateFile(file: string, whatNext: string): Promise<string | undefined> {
  const mode = await stat(file).then(
    (found) => found.mode & 0o777,
    (error: NodeJS.ErrnoException) =>
      error.code === 'ENOENT' ? undefined : fail('permission', `reading ${file}: ${error.message}`, error),
  );
  if (mode === undefined) return undefined;
  if (mode & 0o077) {
    fail(
      'permission',
      `${file} holds a private key, and others on this machine may use it (mode 0${mode.toString(8)}): ${whatNext}`,
    );
  }
  await using handle = await open(file).catch((error: Error) =>
    fail('permission', `reading ${file}: ${error.message}`, error),
  );
  return await handle.readFile('utf8');
}
