import { copyFileSync, mkdirSync, readdirSync } from 'node:fs';
import { copyFile, mkdtemp, open, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MoorageError } from '../../../lib/errors.ts';
import { silent } from '../../../lib/log.ts';
import { allKinds, nodes } from '../../../model/kinds/index.ts';
import { type EmbeddedApi, openEmbeddedApi } from '../embedded-api.ts';
import { doubtOf } from './loss.ts';

const [store, log, witness] = ['store.db', 'store.db-wal', 'store.db-witness'] as const;
type File = typeof store | typeof log | typeof witness;

let dir: string;
const at = (place: string) => join(dir, place, store);
const openAt = (place: string, acceptVersion?: number) =>
  openEmbeddedApi({ file: at(place), log: silent, kinds: allKinds, acceptVersion });

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'moorage-loss-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

/** What a kill at this moment would leave: within one turn, so that nothing is written meanwhile. */
function copyTo(from: string, to: string): void {
  mkdirSync(join(dir, to), { mode: 0o700 });
  for (const name of readdirSync(join(dir, from))) copyFileSync(join(dir, from, name), join(dir, to, name));
}

/** Writes, removes and changes nodes, and returns what the store holds then. */
async function write(api: EmbeddedApi, round: number, count = 20): Promise<Map<string, string>> {
  const names = Array.from({ length: count }, (_, index) => `node-${round}-${index}`);
  for (const name of names) {
    await api.create(nodes, {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name, annotations: { text: 'x'.repeat(90) } },
    });
  }
  await Promise.all(
    names.map((name, index) =>
      index % 3 === 0
        ? api.delete(nodes, { name })
        : api.patch(nodes, { name }, { type: 'merge', body: { metadata: { labels: { index: String(index) } } } }),
    ),
  );
  return contentOf(api);
}

function contentOf(api: EmbeddedApi): Map<string, string> {
  return new Map([...api.informer(nodes).list()].map((node) => [node.metadata.name, JSON.stringify(node)]));
}

/** All files of a place and what is in them. */
async function filesOf(place: string): Promise<Record<string, string>> {
  const names = (await readdir(join(dir, place))).sort();
  const read = async (name: string) => [name, (await readFile(join(dir, place, name))).toString('base64')] as const;
  return Object.fromEntries(await Promise.all(names.map(read)));
}

async function flip(path: string, position: number, bit = 0): Promise<void> {
  await using file = await open(path, 'r+');
  const { size } = await file.stat();
  const buffer = Buffer.alloc(1);
  const place = Math.min(Math.floor(position * size), size - 1);
  await file.read(buffer, 0, 1, place);
  buffer[0] = (buffer[0] ?? 0) ^ (1 << bit);
  await file.write(buffer, 0, 1, place);
}

const half = async (path: string) => truncate(path, Math.floor((await stat(path)).size / 2));

test.each<[string, (place: string) => Promise<void>]>([
  ['one bit of its log is wrong', (place) => flip(`${at(place)}-wal`, 0.5, 3)],
  ["its log's header is damaged", (place) => flip(`${at(place)}-wal`, 0, 7)],
  ['its log is cut to half', (place) => half(`${at(place)}-wal`)],
  ['its log is empty', (place) => truncate(`${at(place)}-wal`, 0)],
  ['its log is gone', (place) => rm(`${at(place)}-wal`)],
  ['its witness is gone', (place) => rm(`${at(place)}-witness`)],
  ['its witness is damaged', (place) => flip(`${at(place)}-witness`, 0.3)],
  ['its witness is empty', (place) => truncate(`${at(place)}-witness`, 0)],
])('a store is refused when %s, unchanged, and taken as it is by naming its version', async (_, damage) => {
  let acknowledged: number;
  {
    await using api = await openAt('running');
    await write(api, 1);
    copyTo('running', 'killed');
    acknowledged = Number(api.resourceVersion);
  }
  await damage('killed');
  const before = await filesOf('killed');
  const refusal = await openAt('killed').then(
    () => expect.unreachable(),
    (error: MoorageError) => error,
  );
  expect(refusal).toMatchObject({ code: 'corrupted', message: expect.stringContaining('nothing was changed') });
  const version = Number(/--accept-store-version (\d+)/.exec(refusal.message)?.[1]);
  expect(await filesOf('killed')).toEqual(before);
  await expect(openAt('killed', version + 1)).rejects.toMatchObject({ code: 'corrupted' });

  {
    await using api = await openAt('killed', version);
    expect(api.lastLoss?.getTime()).toBeGreaterThan(Date.now() - 10_000);
    await write(api, 2);
    if (!refusal.message.includes('witness is')) expect(Number(api.resourceVersion)).toBeGreaterThan(acknowledged);
  }
  await using again = await openAt('killed');
  expect(again.lastLoss).toBeDefined();
});

test('the log is short when nothing is written, and gone after a clean stop', async () => {
  {
    await using api = await openAt('running');
    await write(api, 1);
    await expect.poll(() => stat(`${at('running')}-wal`).then(({ size }) => size)).toBe(0);
  }
  expect(Object.keys(await filesOf('running'))).toEqual([store, witness]);
});

test('an older copy of a store is refused, by itself and under a newer log', async () => {
  let content: Map<string, string>;
  {
    await using api = await openAt('running');
    await write(api, 1);
    await expect.poll(() => stat(`${at('running')}-wal`).then(({ size }) => size)).toBe(0);
    copyTo('running', 'old');
    content = await write(api, 2);
    await expect.poll(() => stat(`${at('running')}-wal`).then(({ size }) => size)).toBe(0);
    await api.create(nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'last' } });
    copyTo('running', 'killed');
  }
  {
    await using whole = await openAt('running');
    expect([...contentOf(whole).keys()]).toEqual(expect.arrayContaining([...content.keys()]));
  }
  await copyFile(at('old'), at('killed'));
  await expect(openAt('killed')).rejects.toMatchObject({ code: 'corrupted' });
  await rm(`${at('killed')}-wal`);
  await expect(openAt('killed')).rejects.toThrow(/it ends at version \d+, and \d+ to \d+ are missing/);
});

test('a store that is gone is no new beginning while its witness or its log is there', async () => {
  await (await openAt('running'))[Symbol.asyncDispose]();
  await rm(at('running'));
  await expect(openAt('running')).rejects.toThrow(/it is gone.*--accept-store-version 0/s);
  await using api = await openAt('running', 0);
  expect(api.lastLoss).toBeDefined();
});

test('a store of a release without witnesses is taken as it is, once', async () => {
  let content: Map<string, string>;
  {
    await using api = await openAt('running');
    content = await write(api, 1);
  }
  using db = new DatabaseSync(at('running'));
  db.exec('ALTER TABLE store DROP COLUMN id; ALTER TABLE store DROP COLUMN digest; DROP TABLE losses');
  db.exec('ALTER TABLE store DROP COLUMN remembered; DROP TABLE deletions; PRAGMA user_version = 1');
  db.close();
  await rm(`${at('running')}-witness`);
  {
    await using api = await openAt('running');
    expect(contentOf(api)).toEqual(content);
    expect(api.lastLoss).toBeUndefined();
    await write(api, 2);
  }
  await rm(`${at('running')}-witness`);
  await expect(openAt('running')).rejects.toThrow('its witness is gone');
});

test('a store of a release that remembered no deletions goes on, and remembers them from then on', async () => {
  let content: Map<string, string>;
  let before: string;
  {
    await using api = await openAt('running');
    before = api.resourceVersion;
    content = await write(api, 1);
  }
  using db = new DatabaseSync(at('running'));
  db.exec('ALTER TABLE store DROP COLUMN remembered; DROP TABLE deletions; PRAGMA user_version = 2');
  db.close();
  let upgraded: string;
  const signal = new AbortController().signal;
  {
    await using api = await openAt('running');
    expect(contentOf(api)).toEqual(content);
    expect(api.lastLoss).toBeUndefined();
    expect(() => api.reader(nodes, { resourceVersion: before, signal })).toThrow('too old resource version');
    upgraded = api.resourceVersion;
    await write(api, 2);
  }
  await using api = await openAt('running');
  expect(api.reader(nodes, { resourceVersion: upgraded, signal }).next()?.type).toBe('ADDED');
});

test('what a crash between a commit and its witness leaves is whole, and so is a new store that was hardly begun', () => {
  const found = { store: 'a', version: 8, digest: 5, actual: 5 };
  expect(doubtOf(found, { store: 'a', version: 7, digest: 4 })).toBeUndefined();
  expect(doubtOf({ store: undefined, version: 8, digest: 5, actual: 5 }, undefined)).toBeUndefined();
  expect(
    doubtOf({ store: undefined, version: 8, digest: 5, actual: 5 }, { store: 'a', version: 8, digest: 5 }),
  ).toBeUndefined();
  expect(doubtOf({ ...found, actual: 6 }, { store: 'a', version: 7, digest: 4 })).toBeDefined();
});

const files = fc.constantFrom<File>(store, log, witness);
const position = fc.double({ min: 0, max: 0.999_999, noNaN: true });
const damage = fc.oneof(
  fc.record({ do: fc.constant('flip' as const), file: files, position, bit: fc.nat(7) }),
  fc.record({ do: fc.constant('zero' as const), file: files, position, length: fc.integer({ min: 1, max: 5_000 }) }),
  fc.record({ do: fc.constant('cut' as const), file: files, position }),
  fc.record({ do: fc.constant('remove' as const), file: files }),
  fc.record({ do: fc.constant('older' as const), file: fc.constantFrom<File>(store, log), age: fc.nat(2) }),
);
type Damage = typeof damage extends fc.Arbitrary<infer T> ? T : never;

async function apply(place: string, wish: Damage): Promise<void> {
  const path = join(dir, place, wish.file);
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
  if (wish.do === 'older') return copyFile(join(dir, `past-${wish.age}`, wish.file), path).catch(() => {});
  if (wish.do === 'remove') return rm(path, { force: true });
  if (size === 0) return;
  if (wish.do === 'flip') return flip(path, wish.position, wish.bit);
  if (wish.do === 'cut') return truncate(path, Math.floor(wish.position * size));
  const content = await readFile(path);
  const start = Math.floor(wish.position * size);
  await writeFile(path, content.fill(0, start, Math.min(start + wish.length, size)));
}

test('whatever is damaged, a store that starts has all that was acknowledged, and nothing else', async () => {
  const contents: Map<string, string>[] = [];
  {
    await using api = await openAt('running');
    for (let round = 0; round < 4; round += 1) {
      contents.push(await write(api, round, 12));
      copyTo('running', `past-${round}`);
      if (round === 1) await expect.poll(() => stat(`${at('running')}-wal`).then(({ size }) => size)).toBe(0);
    }
  }
  const whole = contents.at(-1);
  let serial = 0;
  let started = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 2 }), async (wishes) => {
      const place = `try-${serial++}`;
      copyTo('past-3', place);
      for (const wish of wishes) await apply(place, wish);
      const left = Object.keys(await filesOf(place)).map((name) => basename(name));
      // With nothing left that knows of it, this is a new place.
      if (!left.includes(store) && !left.includes(witness)) return;
      const api = await openAt(place).catch((error: unknown) => {
        expect(error).toBeInstanceOf(MoorageError);
        return undefined;
      });
      if (!api) return;
      started += 1;
      expect(contentOf(api)).toEqual(whole);
      await api[Symbol.asyncDispose]();
    }),
    { numRuns: 150 },
  );
  expect(started).toBeLessThan(150);
});
