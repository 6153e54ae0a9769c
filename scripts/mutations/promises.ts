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
];
