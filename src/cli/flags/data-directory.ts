import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The data directory: the flag, else MOORAGE_DATA, else /var/lib/moorage for root, else moorage under XDG_DATA_HOME or
 * ~/.local/share.
 */
export function dataDirectory(flag?: string, env: Environment = process.env, uid = process.getuid?.()): string {
  const given = flag ?? env['MOORAGE_DATA'];
  if (given) return resolve(given);
  if (uid === 0) return '/var/lib/moorage';
  return join(env['XDG_DATA_HOME'] || join(env['HOME'] || homedir(), '.local/share'), 'moorage');
}

/** Where `up` leaves its process id for people: only a hint, the lock on the store is what counts. */
export function pidFile(directory: string): string {
  return join(directory, 'run/pid');
}

/** The process that runs on a data directory, or undefined. */
export async function runningProcess(directory: string): Promise<number | undefined> {
  const pid = Number.parseInt(await readFile(pidFile(directory), 'utf8').catch(() => ''), 10);
  if (!(pid > 0)) return undefined;
  const name = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return name.includes('moorage') ? pid : undefined;
}
