import { constants } from 'node:fs';
import { access, open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../lib/errors.ts';
import { deadErrors } from '../../node/paths/mounted.ts';
import { markerName } from './marks/marker.ts';

/** By what a file system says that it has shut down or takes no more writes, or that its device is gone. */
const shutDownErrors = new Set([...deadErrors, 'EROFS', 'ENXIO', 'ENODEV', 'EUCLEAN', 'ESHUTDOWN']);

/**
 * Why nothing can be kept in the directory any more, or undefined if nothing speaks against it. Costs no write, so that
 * it can be asked often: an XFS that has shut down answers statfs(2) as ever, but nothing else.
 */
export async function whyDead(directory: string): Promise<string | undefined> {
  return told(async () => {
    await stat(directory);
    await access(directory, constants.R_OK | constants.W_OK | constants.X_OK);
  });
}

/** As whyDead, by a small write that reaches the disk. A full file system is not a dead one. */
export async function whyNotWritable(directory: string): Promise<string | undefined> {
  const path = join(directory, `${markerName}.probe`);
  return told(async () => {
    try {
      await using file = await open(path, 'w', 0o600);
      await file.writeFile('.');
      await file.sync();
    } finally {
      await rm(path, { force: true });
    }
  });
}

async function told(look: () => Promise<void>): Promise<string | undefined> {
  try {
    await look();
    return undefined;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    return shutDownErrors.has(code) ? messageOf(error) : undefined;
  }
}
