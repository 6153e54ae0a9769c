import type { Mutation } from './mutation.ts';

const test = 'test/durability/durability.test.ts';
const made = 'a volume: first its mark, then its place on the shelf, before it is said to be there';
const recorded = 'a record of what is about to be staged, before anything is mounted';
const gone = 'that a record is gone, and that a volume is';

/** What was acknowledged survives a power cut. */
export const durability: readonly Mutation[] = [
  {
    guard: 'each commit of the store is flushed',
    file: 'src/api/embedded/database/database.ts',
    text: 'PRAGMA synchronous = FULL',
    instead: 'PRAGMA synchronous = NORMAL',
    test,
    name: 'each commit of the store, before the answer',
  },
  {
    guard: 'a record is flushed before it gets its name',
    file: 'src/node/records.ts',
    text: '    await file.sync();\n',
    test,
    name: recorded,
  },
  {
    guard: 'the name of a record is flushed',
    file: 'src/node/records.ts',
    text: '  await syncPath(dirname(path));\n',
    test,
    name: recorded,
  },
  {
    guard: 'the removal of a record is flushed',
    file: 'src/node/records.ts',
    text: '    if (removed) await syncPath(this.directory);\n',
    test,
    name: gone,
  },
  {
    guard: 'the mark of a volume is flushed before the volume gets its name',
    file: 'src/engines/shelves/shelf.ts',
    text: '    await file.sync();\n',
    test,
    name: made,
  },
  {
    guard: 'what is put on a shelf is flushed',
    file: 'src/engines/shelves/shelf.ts',
    text: '    await this.#sync.sync();\n    return { name, directory: target',
    instead: '    return { name, directory: target',
    test,
    name: made,
  },
  {
    guard: 'what is taken from a shelf is flushed',
    file: 'src/engines/shelves/shelf.ts',
    text: '    // Even if there was nothing: an earlier try may have been cut off before this line.\n    await this.#sync.sync();\n',
    test,
    name: gone,
  },
  {
    guard: 'a flush of a shelf flushes its folder',
    file: 'src/engines/shelves/pool.ts',
    text: '? syncPath(directory) : syncFilesystem(exec, directory);',
    instead: '? Promise.resolve() : syncFilesystem(exec, directory);',
    test,
    name: made,
  },
];
