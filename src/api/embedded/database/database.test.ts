import { chmod, mkdtemp, open, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silent } from '../../../lib/log.ts';
import { allKinds, anyKind, nodes, pools } from '../../../model/kinds/index.ts';
import { openEmbeddedApi } from '../embedded-api.ts';

let dir: string;
let file: string;
const reopen = () => openEmbeddedApi({ file, log: silent, kinds: allKinds });

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'moorage-database-'));
  file = join(dir, 'data/store.db');
});
afterEach(() => rm(dir, { recursive: true, force: true }));

async function makeStore(count: number): Promise<void> {
  await using api = await reopen();
  await Promise.all(
    Array.from({ length: count }, (_, index) =>
      api.create(nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name: `node-${index}` } }),
    ),
  );
}

test('what was written is there after reopening, and versions go on from the last one', async () => {
  let version: number;
  {
    await using api = await reopen();
    await api.create(nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'kept' } });
    await api.create(nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'gone' } });
    await api.delete(nodes, { name: 'gone' });
    version = Number(api.resourceVersion);
  }
  await using api = await reopen();
  expect([...api.informer(nodes).list()].map(({ metadata }) => metadata.name)).toEqual(['kept']);
  expect(Number(api.resourceVersion)).toBe(version);
  const { signal } = new AbortController();
  const old = api
    .watch(nodes, { resourceVersion: String(version - 1), signal })
    [Symbol.asyncIterator]()
    .next();
  expect(await old).toMatchObject({ value: { type: 'DELETED', object: { metadata: { name: 'gone' } } } });
});

test('a store that has objects of kinds that are no longer served opens, and keeps them', async () => {
  const node = (name: string) => ({ apiVersion: 'v1' as const, kind: 'Node' as const, metadata: { name } });
  const former = { ...pools, kind: 'StorageCluster', singular: 'storagecluster', plural: 'storageclusters' };
  const cluster = { apiVersion: 'moorage.dev/v1alpha1', kind: 'StorageCluster', metadata: { name: 'old' }, spec: {} };
  {
    await using api = await openEmbeddedApi({ file, log: silent, kinds: [...allKinds, anyKind(former)] });
    await api.create(anyKind(former), cluster);
    await api.create(nodes, node('a'));
  }
  {
    await using api = await reopen();
    await expect(api.list(anyKind(former))).rejects.toMatchObject({ code: 'not-found' });
    await api.delete(nodes, { name: 'a' });
    await api.create(nodes, node('b'));
  }
  await using api = await openEmbeddedApi({ file, log: silent, kinds: [...allKinds, anyKind(former)] });
  expect((await api.list(nodes)).items.map(({ metadata }) => metadata.name)).toEqual(['b']);
  expect((await api.list(anyKind(former))).items.map(({ metadata }) => metadata.name)).toEqual(['old']);
});

test('only its owner can read the file; a store that others can read is refused with the command to run', async () => {
  await makeStore(1);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect((await stat(dirname(file))).mode & 0o777).toBe(0o700);
  await chmod(file, 0o640);
  await expect(reopen()).rejects.toMatchObject({
    code: 'permission',
    message: expect.stringContaining(`chmod 600 ${file}`),
  });
  await chmod(file, 0o600);
  await chmod(dirname(file), 0o755);
  await expect(reopen()).rejects.toMatchObject({
    code: 'permission',
    message: expect.stringContaining(`chmod 700 ${dirname(file)}`),
  });
});

test('a second opener is told who has it', async () => {
  await using _api = await reopen();
  await expect(reopen()).rejects.toMatchObject({
    code: 'busy',
    message: expect.stringContaining(`another moorage up (pid ${process.pid}) uses ${dirname(file)}`),
  });
});

test('a file from a newer version, or of another program, is left alone', async () => {
  await makeStore(1);
  using db = new DatabaseSync(file);
  db.exec('PRAGMA user_version = 99');
  db.close();
  await expect(reopen()).rejects.toMatchObject({ code: 'unsupported', message: expect.stringContaining('newer') });
  const foreign = new DatabaseSync(file);
  foreign.exec('PRAGMA application_id = 7');
  foreign.close();
  await expect(reopen()).rejects.toMatchObject({
    code: 'unsupported',
    message: expect.stringContaining('another program'),
  });
});

test.each([
  ['is empty', () => truncate(file, 0)],
  ['is cut', async () => truncate(file, Math.floor((await stat(file)).size / 2))],
  [
    'is something else',
    () => writeFile(file, 'not a database, but long enough to be read as a header of one '.repeat(99)),
  ],
  ['has a page of nonsense', () => scribble(4096 * 6)],
  ['has one wrong letter', () => replace('"name":"node-7"', '"name":"nude-7"')],
])('a store that %s is corrupted, with what to do', async (_, damage) => {
  await makeStore(300);
  await damage();
  await expect(reopen()).rejects.toMatchObject({
    code: 'corrupted',
    message: expect.stringContaining('sqlite3'),
  });
});

async function scribble(at: number): Promise<void> {
  await using handle = await open(file, 'r+');
  await handle.write(Buffer.alloc(4096, 0xa5), 0, 4096, at);
}

/** Everywhere: pages keep stale copies of what was moved. */
async function replace(text: string, by: string): Promise<void> {
  const content = await readFile(file, 'latin1');
  await writeFile(file, content.replaceAll(text, by), 'latin1');
}
