import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { backUp, checkStore, restore } from '../../src/api/embedded/database/copy.ts';
import { openEmbeddedApi } from '../../src/api/embedded/embedded-api.ts';
import { silent } from '../../src/lib/log.ts';
import { allKinds, nodes } from '../../src/model/kinds/index.ts';

const main = join(import.meta.dirname, '../../src/main.ts');
let dir: string;
const at = (place: string, name = 'store.db') => join(dir, place, name);
const openAt = (place: string) => openEmbeddedApi({ file: at(place), log: silent, kinds: allKinds });
const node = (name: string) => ({ apiVersion: 'v1' as const, kind: 'Node' as const, metadata: { name } });

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'moorage-backup-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

async function moorage(...args: string[]): Promise<{ code: number | null; text: string }> {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (text += String(data)));
  await once(child, 'close');
  return { code: child.exitCode, text };
}

test('backups while another process writes are whole, have all that was acknowledged, and can be restored', async () => {
  const writer = spawn(process.execPath, [join(import.meta.dirname, 'store-writer.ts'), at('a'), '1'], {
    stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
  });
  try {
    const acknowledged = new Set<string>();
    let rest = '';
    writer.stdout?.on('data', (data) => {
      const lines = (rest + String(data)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line.startsWith('+')) acknowledged.add(line.slice(1).split(' ')[0] ?? '');
    });
    await once(writer.stdio[3] as NodeJS.ReadableStream, 'data');
    let version = 0;
    for (let round = 0; round < 8; round += 1) {
      const before = [...acknowledged].filter((name) => Number(name.split('-')[3]) % 2 === 1);
      const made = backUp(at('a'), join(dir, `backup-${round}`));
      expect(made.version).toBeGreaterThan(version);
      version = made.version;
      await restoreAndLook(`backup-${round}`, `r-${round}`, before);
    }
    expect(checkStore(at('a')).version).toBeGreaterThanOrEqual(version);
  } finally {
    writer.kill('SIGKILL');
    await once(writer, 'close');
  }
  expect(readdirSync(dir).filter((name) => name.includes('part'))).toEqual([]);
});

async function restoreAndLook(backup: string, place: string, names: readonly string[]): Promise<void> {
  restore(join(dir, backup), at(place), silent);
  await using api = await openAt(place);
  expect(api.lastLoss).toBeDefined();
  for (const name of names) expect(api.informer(nodes).get({ name }), name).toBeDefined();
}

test('the verbs back up, check and restore; what is there is kept', async () => {
  {
    await using api = await openAt('a');
    await api.create(nodes, node('one'));
    const file = join(dir, 'backup');
    const made = await moorage('backup-store', file, '--data', join(dir, 'a'));
    expect(made.text).toContain('read back and whole');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const again = await moorage('backup-store', file, '--data', join(dir, 'a'));
    expect(again.text).toContain('is there already, and is kept');
    expect(again.code).not.toBe(0);
    expect((await moorage('doctor', '--store', '--data', join(dir, 'a'))).text).toMatch(/✓ store +whole: \d+ objects/);
    const refused = await moorage('restore-store', file, '--data', join(dir, 'a'));
    expect(refused.text).toContain('is there already: move');
    await api.create(nodes, node('two'));
  }
  expect((await moorage('restore-store', join(dir, 'backup'), '--data', join(dir, 'b'))).code).toBe(0);
  await using api = await openAt('b');
  expect(api.informer(nodes).get({ name: 'one' })).toBeDefined();
  expect(api.informer(nodes).get({ name: 'two' })).toBeUndefined();
});

test('a machine that has seen a newer store takes an older backup only by its version', async () => {
  {
    await using api = await openAt('a');
    await api.create(nodes, node('one'));
    backUp(at('a'), join(dir, 'backup'));
    await api.create(nodes, node('two'));
  }
  const newest = Number((await readFile(at('a', 'store.db-witness'), 'utf8')).split(' ')[3]);
  await rm(at('a'));
  const attempt = () => restore(join(dir, 'backup'), at('a'), silent);
  expect(attempt).toThrow(/had been acknowledged.*restore a newer backup, or .*--accept-store-version \d+/);
  expect(existsSync(at('a'))).toBe(false);
  const version = newest - 1;
  restore(join(dir, 'backup'), at('a'), silent, version);
  await using api = await openAt('a');
  // Versions that were given once are not given again.
  expect(Number(api.resourceVersion)).toBeGreaterThanOrEqual(newest);
});

test('a damaged store is named, is not backed up, and its backup is not restored', async () => {
  {
    await using api = await openAt('a');
    for (let index = 0; index < 50; index += 1) await api.create(nodes, node(`node-${index}`));
  }
  const db = new DatabaseSync(at('a'));
  db.exec("DELETE FROM objects WHERE name = 'node-7'");
  db.close();
  expect(() => backUp(at('a'), join(dir, 'backup'))).toThrow(/missing/);
  expect(readdirSync(dir)).toEqual(['a']);
  const looked = await moorage('doctor', '--store', '--data', join(dir, 'a'));
  expect(looked.text).toContain('moorage restore-store FILE');
  expect(looked.code).toBe(1);
  await mkdir(join(dir, 'c'));
  await copyFile(at('a'), join(dir, 'c', 'backup'));
  expect(() => restore(join(dir, 'c', 'backup'), at('b'), silent)).toThrow(/missing/);
  await writeFile(join(dir, 'c', 'text'), 'not a database, but some text that is long enough to be read');
  await chmod(join(dir, 'c', 'text'), 0o600);
  expect(() => restore(join(dir, 'c', 'text'), at('b'), silent)).toThrow(/damaged/);
  expect(existsSync(at('b'))).toBe(false);
});

test('after kill -9 a backup is there and whole, or not there, and the next one cleans up', async () => {
  {
    await using api = await openAt('a');
    const name = (index: number) => `node-${index}`;
    await Promise.all(Array.from({ length: 4_000 }, (_, index) => api.create(nodes, node(name(index)))));
  }
  let [there, notThere] = [0, 0];
  const copy = join(import.meta.dirname, '../../src/api/embedded/database/copy.ts');
  for (let round = 0; round < 12; round += 1) {
    const to = join(dir, `backup-${round}`);
    const code = `import { backUp } from ${JSON.stringify(copy)}; console.log('begins'); backUp(${JSON.stringify(at('a'))}, ${JSON.stringify(to)});`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    child.stdout.once('data', () => setTimeout(() => child.kill('SIGKILL'), round * 25));
    await once(child, 'close');
    if (existsSync(to)) {
      there += 1;
      expect(checkStore(to).objects).toBeGreaterThanOrEqual(4_000);
      await rm(to);
    } else notThere += 1;
    backUp(at('a'), to);
    expect(readdirSync(dir).filter((name) => name.startsWith(`backup-${round}.`))).toEqual([]);
  }
  expect(there + notThere).toBe(12);
  expect(notThere).toBeGreaterThan(0);
});
