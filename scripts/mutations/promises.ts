import type { Mutation } from './mutation.ts';

const sum = 'the total is the sum of what each key holds';

const room = 'src/volumes/placement/room.test.ts';
const explained = 'counts what is free, what others on the same disk will take of it, and what is kept in reserve';

/** What is promised of the pools, set aside, and told of them. */
export const promises: readonly Mutation[] = [
  {
    guard: 'what was promised before is given back when it changes',
    file: 'src/volumes/placement/ledger.ts',
    text: '    if (before) this.#add(before.pool, -before.bytes);\n',
    test: 'src/volumes/placement/ledger.test.ts',
    name: sum,
  },
  {
    guard: 'of what is assumed and what is recorded, the larger counts',
    file: 'src/volumes/placement/ledger.ts',
    text: 'return other.bytes > one.bytes ? other : one;',
    instead: 'return one;',
    test: 'src/volumes/placement/ledger.test.ts',
    name: sum,
  },
  {
    guard: 'what was assumed stays while its object records less',
    file: 'src/volumes/placement/ledger.ts',
    text: ' && promised.bytes >= assumed.bytes',
    test: 'src/volumes/placement/ledger.test.ts',
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
  {
    guard: 'what is set aside for a wish is not there for another',
    file: 'src/volumes/placement/room.ts',
    text: '    ledger.assume(wishKey(name), { pool: decision.placement.pool, bytes });\n',
    test: room,
    name: 'of many who ask at once, only those are let through for whom there is room',
  },
  {
    guard: 'what was set aside is given back before it is asked for again',
    file: 'src/volumes/placement/room.ts',
    text: '    this.letGo(name);\n',
    test: room,
    name: 'who asks again has what was set aside, and no more',
  },
  {
    guard: 'what is set aside for a growth is not there for another',
    file: 'src/volumes/placement/room.ts',
    text: '    ledger.assume(volumeKey(volume), { pool: offer.pool, bytes: size });\n',
    test: room,
    name: 'what is set aside for a growth is not there for another, until it is let go',
  },
  {
    guard: 'what was set aside for a growth is given back if nobody wishes for it after all',
    file: 'src/volumes/placement/room.ts',
    text: 'this.#view.ledger.forget(volumeKey(volume));',
    test: room,
    name: 'what is set aside for a growth is not there for another, until it is let go',
  },
  {
    guard: 'explain counts what is free',
    file: 'src/volumes/placement/offer.ts',
    text: "const free = bytesOf(figures?.free ?? '0');",
    instead: "const free = bytesOf(figures?.total ?? '0');",
    test: 'src/cli/explain/explain.test.ts',
    name: explained,
  },
  {
    guard: 'explain counts what others on the same disk will take',
    file: 'src/volumes/placement/offer.ts',
    text: '? free - shared :',
    instead: '? free :',
    test: 'src/cli/explain/explain.test.ts',
    name: explained,
  },
  {
    guard: 'explain counts what is kept in reserve by default',
    file: 'src/volumes/placement/offer.ts',
    text: '(known.total * reserved) / 100n',
    instead: 'known.total - known.total',
    test: 'src/cli/explain/explain.test.ts',
    name: explained,
  },
  {
    guard: 'explain counts what the pool says that it keeps in reserve',
    file: 'src/volumes/placement/offer.ts',
    text: ': bytesOf(spec.reserve)',
    instead: ': 0n',
    test: 'src/cli/explain/explain.test.ts',
    name: explained,
  },
  {
    guard: 'what is given to a volume is promised before it is recorded',
    file: 'src/volumes/agent/volume-controller.ts',
    text: '    this.#storage.ledger.assume(volumeKey(volume), { pool: decision.placement.pool, bytes });\n',
    test: 'test/volumes/volumes.test.ts',
    name: 'a burst can not promise more than there is',
  },
  {
    guard: 'what is promised counts against what a pool has',
    file: 'src/volumes/agent/node-storage.ts',
    text: 'promised: this.ledger.total(name),',
    instead: 'promised: 0n,',
    test: 'test/volumes/volumes.test.ts',
    name: 'a burst can not promise more than there is',
  },
  {
    guard: 'a pool that grows keeps its reserve back from those that wait',
    file: 'src/volumes/placement/offer.ts',
    text: '(known.total * reserved) / 100n',
    instead: 'known.total - known.total',
    test: 'test/full-pool.test.ts',
    name: 'are met when the pool grows',
  },
];
