import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import * as z from 'zod';
import { Records } from './records.ts';

const schema = z.object({ path: z.string() });
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'moorage-records-'));
});
afterEach(() => rm(directory, { recursive: true }));

test('a record is there until it is removed, and removing twice is no error', async () => {
  const records = new Records(join(directory, 'new'), (value) => schema.parse(value));
  expect(await records.load('a')).toBeUndefined();
  expect(await records.names()).toEqual([]);
  await records.save('a', { path: '/one' });
  await records.save('a', { path: '/two' });
  expect(await records.load('a')).toEqual({ path: '/two' });
  expect(await records.names()).toEqual(['a']);
  await records.remove('a');
  await records.remove('a');
  expect(await records.load('a')).toBeUndefined();
});

test('a name may be as long as a name can be, and one that can be none has no record', async () => {
  const records = new Records(directory, (value) => schema.parse(value));
  const [one, other] = [`${'n'.repeat(252)}a`, `${'n'.repeat(252)}b`];
  await records.save(one, { path: '/one' });
  await records.save(other, { path: '/other' });
  expect(await records.load(one)).toEqual({ path: '/one' });
  expect(await records.load(other)).toEqual({ path: '/other' });
  const found = await Promise.all((await records.names()).map((name) => records.load(name)));
  expect(found).toHaveLength(2);
  expect(found).toEqual(expect.arrayContaining([{ path: '/one' }, { path: '/other' }]));
  await records.remove(one);
  await records.remove(other);
  expect(await records.names()).toEqual([]);
  for (const name of ['', '.', '..', 'a/b', '/', 'nul\0']) {
    expect(await records.load(name)).toBeUndefined();
    await expect(records.save(name, { path: '/' })).rejects.toMatchObject({ code: 'invalid' });
  }
});

test('what a crash left half-written is not a record', async () => {
  const records = new Records(directory, (value) => schema.parse(value));
  await records.save('a', { path: '/one' });
  await writeFile(join(directory, 'a.json.new'), '{"pa');
  expect(await records.load('a')).toEqual({ path: '/one' });
  expect(await records.names()).toEqual(['a']);
  await records.save('a', { path: '/two' });
  expect(await records.load('a')).toEqual({ path: '/two' });
  await writeFile(join(directory, 'b.json.new'), '{');
  await records.sweep();
  expect(await readdir(directory)).toEqual(['a.json']);
});

test('a damaged record is named, not guessed at', async () => {
  await writeFile(join(directory, 'a.json'), '{"path": 7}');
  const records = new Records(directory, (value) => schema.parse(value));
  await expect(records.load('a')).rejects.toMatchObject({
    code: 'corrupted',
    message: expect.stringMatching('a.json'),
  });
});
