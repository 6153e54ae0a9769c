import { join, resolve } from 'node:path';
import { isCode, messageOf } from '../../../lib/errors.ts';
import { bad, type Check, good } from '../../../lib/finding.ts';
import { silent } from '../../../lib/log.ts';
import { dataDirectory } from '../../flags/data-directory.ts';
import { readStoreVersion } from '../../flags/store-version.ts';
import { count } from '../../output/human.ts';
import type { Call } from '../../verb.ts';

const storeOf = (directory: string) => join(directory, 'store.db');

/** Copies the store of a data directory, whether Moorage runs there or not, to a new file. */
export async function backUpStore({ args, flags, terminal }: Call): Promise<number> {
  const { backUp } = await import('../../../api/embedded/database/copy.ts');
  const file = resolve(args[0] ?? '');
  const { version, objects } = backUp(storeOf(dataDirectory(flags.data)), file);
  terminal.out(`${file}: ${count(objects, 'object')}, at version ${version}, read back and whole`);
  return 0;
}

/** Makes the store of a data directory, where there is none, from a backup. */
export async function restoreStore({ args, flags, terminal }: Call): Promise<number> {
  const { restore } = await import('../../../api/embedded/database/copy.ts');
  const data = dataDirectory(flags.data);
  const { acceptStoreVersion } = flags;
  const { version, objects } = restore(
    resolve(args[0] ?? ''),
    storeOf(data),
    silent,
    acceptStoreVersion === undefined ? undefined : readStoreVersion(String(acceptStoreVersion)),
  );
  terminal.out(`${storeOf(data)}: ${count(objects, 'object')}, at version ${version}`);
  terminal.out('Start with "moorage up"; what was made after the backup is looked for with "moorage inventory".');
  return 0;
}

/** Whether the store is whole, and what to do if it is not. */
export const store: Check = async (directory) => {
  const { checkStore } = await import('../../../api/embedded/database/copy.ts');
  try {
    const { version, objects } = checkStore(storeOf(directory));
    return good('store', `whole: ${count(objects, 'object')}, at version ${version}`);
  } catch (error) {
    if (!isCode(error, 'corrupted')) return bad('store', messageOf(error));
    const next = 'stop Moorage, move store.db* away, and put a backup in their place: "moorage restore-store FILE"';
    return bad('store', messageOf(error), next);
  }
};
