import { lstat, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pidFile } from '../cli/data-directory.ts';
import { fail, messageOf } from '../lib/errors.ts';

/**
 * Makes the data directory (0700), and checks that nobody else can read it or what is secret in it. Throws
 * `permission`, and says what to do.
 */
export async function ensureDataDirectory(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 }).catch((error: unknown) =>
    fail('permission', `making the data directory ${path}: ${messageOf(error)}; choose another one with --data`, error),
  );
  await checkPrivate(path);
  for (const name of ['store.db', 'kubeconfig', 'pki']) await checkPrivate(join(path, name));
  for (const name of await readdir(join(path, 'pki')).catch(() => [])) {
    if (name.endsWith('.key')) await checkPrivate(join(path, 'pki', name));
  }
  await mkdir(join(path, 'run'), { recursive: true, mode: 0o700 });
}

/** Leaves this process's id in the data directory, for people, until disposed of. */
export async function leavePid(path: string): Promise<AsyncDisposable> {
  await writeFile(pidFile(path), `${process.pid}\n`, { mode: 0o600 });
  return { [Symbol.asyncDispose]: () => rm(pidFile(path), { force: true }) };
}

async function checkPrivate(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (!found || found.isSymbolicLink()) return;
  const uid = process.getuid?.();
  if (uid !== 0 && found.uid !== uid) {
    fail(
      'permission',
      `${path} belongs to another user (uid ${found.uid}): run Moorage as that user, or choose another data directory with --data`,
    );
  }
  if ((found.mode & 0o077) !== 0) {
    const mode = (found.mode & 0o777).toString(8);
    fail(
      'permission',
      `${path} can be read by other users (mode ${mode}), and it holds keys and your objects: consider who may have read it, then run "chmod go= ${path}"`,
    );
  }
}
