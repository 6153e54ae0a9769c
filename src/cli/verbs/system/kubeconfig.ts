import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { fail } from '../../../lib/errors.ts';
import { dataDirectory } from '../../flags/data-directory.ts';
import type { Call } from '../../verb.ts';

/** Prints the path of the administrator's kubeconfig. Starts nothing; throws `not-found` if there is none. */
export async function kubeconfig({ flags, terminal }: Call): Promise<number> {
  const file = join(dataDirectory(flags.data), 'kubeconfig');
  await access(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EACCES') {
      fail('permission', `${file} is not yours to read: run this as the user that runs "moorage up"`, error);
    }
    fail(
      'not-found',
      `there is no ${file} yet: "moorage up" makes it; if yours has another directory, name it with --data`,
      error,
    );
  });
  terminal.out(file);
  return 0;
}
