import { fail } from '../../lib/errors.ts';
import { quoted, split } from './forms.ts';
import { type MountKind, mountTable } from './mount-table.ts';
import { fsTypes } from './types.ts';

const mostWords = 64;
const mostCharacters = 2_000;

/**
 * The options that a user has for a mount, one a word: only those that are on the list for what is mounted, and only
 * values of the form that each takes. So none names a file or a device, none turns the mount into another kind of
 * mount, and none becomes another argument. Without a kind, those of any file system. Throws `invalid`, with what is
 * allowed.
 */
export function parseMountOptions(kind: MountKind | undefined, given: readonly string[]): readonly string[] {
  if (given.length > mostWords || given.reduce((sum, word) => sum + word.length, 0) > mostCharacters) {
    fail('invalid', `mount options: at most ${mostWords} and ${mostCharacters} characters are taken`);
  }
  const words = given.flatMap((word) => word.split(',')).filter((word) => word !== '');
  const tables = (kind ? [kind] : fsTypes).map((it) => mountTable[it]);
  for (const word of words) {
    const [name, value] = split(word);
    const forms = tables.flatMap((table) => table.get(name) ?? []);
    if (forms.length === 0) refuse(kind, word, tables);
    // `noatime=` is no other word for `noatime`.
    const bare = value === '' && word.includes('=');
    if (bare || !forms.some((form) => form.test(value))) {
      fail('invalid', `mount option ${quoted(word)}: that is not a value that ${name} takes`);
    }
  }
  return words;
}

/** Those of a volume's mount options, one a word, that a directory mounted in a second place can't have. */
export function notForBindMounts(given: readonly string[]): readonly string[] {
  return given.flatMap((word) => word.split(',')).filter((word) => word !== '' && !mountTable.bind.has(split(word)[0]));
}

function refuse(kind: MountKind | undefined, word: string, tables: readonly ReadonlyMap<string, RegExp>[]): never {
  const allowed = [...new Set(tables.flatMap((table) => [...table.keys()]))].sort().join(', ');
  const what = kind === 'bind' ? 'a directory that is mounted in a second place' : (kind ?? 'a volume');
  return fail('invalid', `mount option ${quoted(word)} is not allowed for ${what}; allowed are ${allowed}`);
}
