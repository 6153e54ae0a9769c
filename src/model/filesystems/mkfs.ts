import { fail, messageOf } from '../../lib/errors.ts';
import { quoted, split } from './forms.ts';
import { mkfsTable, type Takes } from './mkfs-table.ts';
import type { FsType } from './types.ts';

/** One option of mkfs and its value, which is empty where it takes none. */
export type MkfsOption = readonly [flag: string, value: string];

const mostWords = 64;
const mostCharacters = 2_000;

/**
 * The options that a user has for mkfs, in pairs: only those of the file system's list, and only values of the form
 * that each takes. So nothing becomes an argument that names a file or a device, or that mkfs could take for anything
 * but that option. Throws `invalid`, with what is allowed.
 */
export function parseMkfsOptions(fsType: FsType, given: readonly string[]): readonly MkfsOption[] {
  if (given.length > mostWords || given.reduce((sum, word) => sum + word.length, 0) > mostCharacters) {
    fail('invalid', `mkfs options: at most ${mostWords} words and ${mostCharacters} characters are taken`);
  }
  const table = mkfsTable[fsType];
  const words = given.flatMap((word) => word.split(/\s+/)).filter((word) => word !== '');
  const options = new Map<string, string>();
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    const flag = word.slice(0, 2);
    const takes = table.get(flag);
    if (!takes) return refuseFlag(fsType, word);
    // `-b 4096` or `-b4096`.
    const value = takesNothing(takes) ? word.slice(2) : word.slice(2) || (words[++at] ?? '');
    check(fsType, flag, takes, value);
    const before = options.get(flag);
    if (before !== undefined && takes.kind === 'value' && before !== value) {
      fail('invalid', `mkfs option ${flag} for ${fsType} is given twice; leave one out`);
    }
    options.set(flag, before === undefined || takes.kind === 'value' ? value : `${before},${value}`);
  }
  return [...options];
}

/** Why the options can't be given to mkfs, or undefined if they can. */
export function whyNotMkfsOptions(fsType: FsType, given: readonly string[]): string | undefined {
  try {
    parseMkfsOptions(fsType, given);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

/**
 * The arguments of mkfs: ours, and the user's after them. Of an option that takes several values, mkfs hears only the
 * last, so ours that the user does not speak of are said again there.
 */
export function mkfsArguments(fsType: FsType, ours: readonly MkfsOption[], given: readonly string[]): string[] {
  const merged = new Map(ours);
  for (const [flag, value] of parseMkfsOptions(fsType, given)) {
    const before = merged.get(flag);
    merged.set(flag, mkfsTable[fsType].get(flag)?.kind === 'pairs' ? mergePairs(before, value) : value);
  }
  return [...merged].flatMap(([flag, value]) => (value === '' ? [flag] : [flag, value]));
}

function mergePairs(before: string | undefined, value: string): string {
  const names = new Set(value.split(',').map((word) => split(word)[0]));
  const kept = (before?.split(',') ?? []).filter((word) => !names.has(split(word)[0]));
  return [...kept, value].join(',');
}

function takesNothing(takes: Takes): boolean {
  return takes.kind === 'value' && takes.form.test('');
}

function check(fsType: FsType, flag: string, takes: Takes, value: string): void {
  const doing = `mkfs option ${flag} for ${fsType}`;
  if (takes.kind === 'value') {
    if (!takes.form.test(value)) fail('invalid', `${doing}: ${quoted(value)} is not a value that it takes`);
    return;
  }
  for (const word of value.split(',')) {
    const [name, content] = split(word);
    const form = takes.kind === 'words' ? takes.form : takes.names.get(name);
    const allowed = takes.kind === 'pairs' ? `; it takes ${[...takes.names.keys()].join(', ')}` : '';
    if (!form) fail('invalid', `${doing}: ${quoted(word)} is not allowed${allowed}`);
    else if (!form.test(takes.kind === 'words' ? word : content))
      fail('invalid', `${doing}: ${quoted(word)} is not a value that it takes`);
  }
}

function refuseFlag(fsType: FsType, word: string): never {
  const allowed = [...mkfsTable[fsType].keys()].join(', ');
  return fail(
    'invalid',
    `mkfs option ${quoted(word)} is not allowed for ${fsType}; allowed are ${allowed}, and nothing that names a file or a device`,
  );
}
