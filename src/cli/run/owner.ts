import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory } from '../../lib/directories.ts';
import { fail } from '../../lib/errors.ts';
import { lockOpenFile } from './flock.ts';

/** A lock that says that somebody still owns what names its file. */
export interface Owner extends AsyncDisposable {
  readonly lockFile: string;
  /** Open, and locked. Whoever inherits it holds the lock too, until the last one has closed it. */
  readonly descriptor: number;
}

/**
 * Takes a lock (flock(2)) on a new file in `directory`. The lock belongs to the open file, so a child that gets the
 * descriptor keeps it when this process is killed. Disposing of it gives up this process's share and removes the file.
 */
export async function takeOwnership(directory: string): Promise<Owner> {
  await makeDirectory(directory, 0o700);
  await sweep(directory);
  const lockFile = join(directory, `${randomUUID()}.lock`);
  const descriptor = openSync(lockFile, 'wx', 0o600);
  if (!(await lockOpenFile(descriptor, '--nonblock'))) fail('internal', `${lockFile} could not be locked`);
  return {
    lockFile,
    descriptor,
    [Symbol.asyncDispose]: async () => {
      closeSync(descriptor);
      await rm(lockFile, { force: true });
    },
  };
}

/** A file this young may belong to somebody who has not locked it yet. Milliseconds. */
const young = 60_000;

/** Removes the files of owners that were killed and have ended since: those that nobody locks any more. */
async function sweep(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    const file = join(directory, name);
    const found = await stat(file).catch(() => undefined);
    if (!found || Date.now() - found.mtimeMs < young) continue;
    const flock = spawn('flock', ['--exclusive', '--nonblock', '--no-fork', file, 'true'], { stdio: 'ignore' });
    const [code] = await once(flock, 'exit').catch(() => [undefined]);
    if (code === 0) await rm(file, { force: true });
  }
}
