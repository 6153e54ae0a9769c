import { chmod, lstat, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { makeDirectory } from '../../lib/directories.ts';
import { fail } from '../../lib/errors.ts';

/** Linux keeps a unix socket's path in 108 bytes, the last of them zero: unix(7). */
const longestPath = 107;

/**
 * Makes room for a unix socket: its directory (0700 if it is made here), and away with what a killed server left.
 * Throws `in-use` if somebody answers there, `invalid` if something else than a socket is in the way.
 */
export async function prepareSocket(socket: string): Promise<void> {
  const length = Buffer.byteLength(socket);
  if (length > longestPath) {
    fail('invalid', `listening on ${socket}: the path has ${length} bytes, and unix sockets take ${longestPath}`);
  }
  await makeDirectory(dirname(socket), 0o700);
  const present = await lstat(socket).catch(() => undefined);
  if (!present) return;
  if (!present.isSocket()) fail('invalid', `listening on ${socket}: something else than a socket is there; move it`);
  if (await answers(socket)) fail('in-use', `listening on ${socket}: another program answers there; stop it first`);
  await rm(socket, { force: true });
}

/** True if a server listens on the unix socket. */
export async function answers(socket: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const connection = connect(socket);
  connection.once('connect', () => resolve(true)).once('error', () => resolve(false));
  const answer = await promise;
  connection.destroy();
  return answer;
}

/** Lets only the owner in. */
export async function closeToOthers(socket: string): Promise<void> {
  await chmod(socket, 0o600);
}
