import { globSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeDirectory, makeDirectorySync } from './directories.ts';

describe.each([
  ['makeDirectory', makeDirectory],
  ['makeDirectorySync', async (path: string, mode?: number) => makeDirectorySync(path, mode)],
])('%s', (_, make) => {
  let base = '';
  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'moorage-directories-'));
  });
  afterEach(() => rm(base, { recursive: true, force: true }));

  test('makes what is missing, with the mode, and may be called again', async () => {
    const path = join(base, 'a/b/c');
    await make(path, 0o700);
    await make(path, 0o700);
    expect((await stat(path)).mode & 0o777).toBe(0o700);
    expect((await stat(join(base, 'a'))).mode & 0o777).toBe(0o700);
  });

  test('takes a link to a directory for one, and several at once for no error', async () => {
    await make(join(base, 'real'));
    await symlink('real', join(base, 'link'));
    await make(join(base, 'link'));
    await Promise.all(Array.from({ length: 5 }, () => make(join(base, 'link/x/y/z'))));
    expect((await stat(join(base, 'real/x/y/z'))).isDirectory()).toBe(true);
  });

  test('says so where something else is in the way', async () => {
    await writeFile(join(base, 'file'), '');
    await expect(make(join(base, 'file'))).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(make(join(base, 'file/below/it'))).rejects.toMatchObject({ code: 'ENOTDIR' });
    await symlink('nowhere', join(base, 'dangling'));
    await expect(make(join(base, 'dangling'))).rejects.toMatchObject({ code: 'EEXIST' });
  });

  test.each(['/proc/moorage-nope', '/proc/moorage-nope/a/b/c', '/proc/self/nope/x'])('ends on %s', async (path) => {
    await expect(make(path)).rejects.toMatchObject({ code: expect.stringMatching(/^(ENOENT|EACCES|EPERM)$/) });
  });
});

test("nobody uses Node's own recursive mkdir, which does not end on /proc", () => {
  const recursive = /\bmkdir(Sync)?\([^;]*?\brecursive\b/;
  const files = globSync('src/**/*.ts').filter((file) => !file.endsWith('.test.ts'));
  expect(files.length).toBeGreaterThan(100);
  expect(files.filter((file) => recursive.test(readFileSync(file, 'utf8')))).toEqual([]);
});
