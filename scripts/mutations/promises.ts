import type { Mutation } from './mutation.ts';

const sum = 'the total is the sum of what each key holds';

/** What is promised of the pools, set aside, and told of them. */
export const promises: readonly Mutation[] = [
  {
    guard: 'what was promised before is given back when it changes',
    file: 'src/volumes/ledger.ts',
    text: '    if (before) this.#add(before.pool, -before.bytes);\n',
    test: 'src/volumes/ledger.test.ts',
    name: sum,
  },
  {
    guard: 'of what is assumed and what is recorded, the larger counts',
    file: 'src/volumes/ledger.ts',
    text: 'return other.bytes > one.bytes ? other : one;',
    instead: 'return one;',
    test: 'src/volumes/ledger.test.ts',
    name: sum,
  },
  {
    guard: 'what was assumed stays while its object records less',
    file: 'src/volumes/ledger.ts',
    text: ' && promised.bytes >= assumed.bytes',
    test: 'src/volumes/ledger.test.ts',
    name: sum,
  },
  {
    guard: 'a file system without space is `exhausted`',
    file: 'src/engines/shelves/items.ts',
    text: "code === 'ENOSPC' || ",
    test: 'test/engines/no-space.test.ts',
    name: 'makes a new volume, a copy and a snapshot fail as exhausted',
  },
  {
    guard: 'a thick volume that does not fit is `exhausted`',
    file: 'src/engines/local/space.ts',
    text: "? 'exhausted'",
    instead: "? 'internal'",
    test: 'test/engines/local-image.test.ts',
    name: 'thin takes no space, thick takes all at once and is refused when there is not enough',
  },
];
