import type { Stats } from 'node:fs';
import { lstat, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pidFile } from '../../cli/flags/data-directory.ts';
import { makeDirectory } from '../../lib/directories.ts';
import { fail, messageOf } from '../../lib/errors.ts';

/**
 * Makes the data directory (0700), and checks that it and what is secret in it belong to who runs this, and that nobody
 * else can read it. Root is held to that too: what it made among the files of another user would lock that one out.
 * Throws `permission`, says what to do, and has changed nothing then.
 */
export async function ensureDataDirectory(path: string): Promise<void> {
  await makeDirectory(path, 0o700).catch((error: unknown) =>
    fail('permission', `making the data directory ${path}: ${messageOf(error)}; choose another one with --data`, error),
  );
  // A link leads to where the files would be.
  const directory = await stat(path);
  checkOwner(path, path, directory);
  checkPrivate(path, directory);
  const secrets = (await readdir(path)).filter((name) => name.startsWith('store.') || name === 'kubeconfig');
  const keys = (await readdir(join(path, 'pki')).catch(() => [])).map((name) => join('pki', name));
  const others = ['run', 'node', 'pools'];
  for (const name of [...secrets, 'pki', ...keys, ...others]) {
    const found = await lstat(join(path, name)).catch(() => undefined);
    if (!found || found.isSymbolicLink()) continue;
    checkOwner(path, join(path, name), found);
    if (!others.includes(name)) checkPrivate(join(path, name), found);
  }
  await makeDirectory(join(path, 'run'), 0o700);
}

/** Leaves this process's id in the data directory, for people, until disposed of. */
export async function leavePid(path: string): Promise<AsyncDisposable> {
  await writeFile(pidFile(path), `${process.pid}\n`, { mode: 0o600 });
  return { [Symbol.asyncDispose]: () => rm(pidFile(path), { force: true }) };
}

function checkOwner(directory: string, path: string, found: Stats): void {
  const uid = process.getuid?.();
  if (found.uid !== uid) {
    const mine = uid === 0 ? `, or make all of it root's with "chown -R root: ${directory}"` : '';
    fail(
      'permission',
      `${path} belongs to another user (uid ${found.uid}): run Moorage as that user, or choose another data directory with --data${mine}`,
    );
  }
}

function checkPrivate(path: string, found: Stats): void {
  if ((found.mode & 0o077) !== 0) {
    const mode = (found.mode & 0o777).toString(8);
    fail(
      'permission',
      `${path} can be read by other users (mode ${mode}), and it holds keys and your objects: consider who may have read it, then run "chmod go= ${path}"`,
    );
  }
}
