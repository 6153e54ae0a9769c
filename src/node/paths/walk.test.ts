import { mkdir, mkdtemp, readlink, realpath, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { entryOf, identityOf, openEntry, walk, wayTo } from './walk.ts';

let base = '';
beforeEach(async () => {
  base = await realpath(await mkdtemp(join(tmpdir(), 'moorage-walk-')));
});
afterEach(() => rm(base, { recursive: true, force: true }));

async function pathOf(path: string, options = {}): Promise<string> {
  await using place = await walk(path, options);
  return place.path;
}

test('leads to a path without links, whose end is left as it is', async () => {
  await mkdir(join(base, 'a/b'), { recursive: true });
  await symlink('a', join(base, 'relative'));
  await symlink(join(base, 'relative/b'), join(base, 'absolute'));
  await symlink('../../a/./b', join(base, 'a/b/upwards'));
  expect(await pathOf(join(base, 'a/b'))).toBe(join(base, 'a/b'));
  expect(await pathOf(join(base, 'absolute/upwards/nothing'))).toBe(join(base, 'a/b/nothing'));
  expect(await pathOf(join(base, 'absolute'))).toBe(join(base, 'absolute'));
  expect(await pathOf(join(base, 'absolute'), { last: true })).toBe(join(base, 'a/b'));
});

test('tells which directories it is in, and stays where it is when they are moved', async () => {
  await mkdir(join(base, 'a/b'), { recursive: true });
  await using place = await walk(join(base, 'a/b/c'));
  const identities = ['a/b', 'a', '', '..', '/'].map(async (path) =>
    identityOf(await stat(path === '/' ? path : join(base, path), { bigint: true })),
  );
  expect(await wayTo(place)).toEqual(await Promise.all(identities));
  await rename(join(base, 'a'), join(base, 'moved'));
  await symlink('/etc', join(base, 'a'));
  await writeFile(entryOf(place), 'here');
  expect((await stat(join(base, 'moved/b/c'))).size).toBe(4);
});

test('makes what is missing on the way, if that is wished', async () => {
  await expect(walk(join(base, 'x/y/z'))).rejects.toThrow(/x is not a directory; create it first/);
  expect(await pathOf(join(base, 'x/y/z'), { make: 0o700 })).toBe(join(base, 'x/y/z'));
  expect((await stat(join(base, 'x/y'))).mode & 0o777).toBe(0o700);
});

test('opens a link at the end as a link', async () => {
  await symlink('/etc', join(base, 'link'));
  await using place = await walk(join(base, 'link'));
  await using entry = await openEntry(place);
  expect((await entry?.stat())?.isSymbolicLink()).toBe(true);
  expect(await readlink(entryOf(place))).toBe('/etc');
});

test.for([
  ['/', /root directory/],
  ['/proc/nope/x', /nope is not a directory/],
  [`/${'a/'.repeat(300)}x`, /is not a directory/],
] as const)('%s ends with an error', async ([path, message]) => {
  await expect(walk(path)).rejects.toThrow(message);
});

test('ends on /proc where something is to be made, in a circle of links, and behind a file', async () => {
  await expect(walk('/proc/nope/x', { make: 0o755 })).rejects.toThrow(/can't be made: E\w+ at \/proc\/nope/);
  await symlink('circle', join(base, 'circle'));
  await expect(walk(join(base, 'circle/x'))).rejects.toThrow(/too many symbolic links/);
  await symlink(`${'b/../'.repeat(200)}b`, join(base, 'long'));
  await mkdir(join(base, 'b'));
  await expect(walk(join(base, `long${'/x'.repeat(200)}`))).rejects.toThrow(/too deep/);
  await writeFile(join(base, 'file'), '');
  await expect(walk(join(base, 'file/x'))).rejects.toThrow(/file is not a directory/);
});
