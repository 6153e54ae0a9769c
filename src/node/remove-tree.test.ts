import { chmod, lstat, mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { exec } from '../lib/exec.ts';
import { removeTree } from './remove-tree.ts';

let scratch: string;
let tree: string;
let elsewhere: string;

beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'moorage-tree-'));
  tree = join(scratch, 'tree');
  elsewhere = join(scratch, 'elsewhere');
  for (const directory of [tree, elsewhere]) await mkdir(directory);
  await writeFile(join(elsewhere, 'precious'), 'x');
});
afterEach(() => rm(scratch, { recursive: true, force: true }));

const isThere = (path: string) =>
  lstat(path).then(
    () => true,
    () => false,
  );

test('all goes, whatever its name and rights; links are not followed', async () => {
  await mkdir(join(tree, 'a/b'), { recursive: true });
  await writeFile(join(tree, 'a/b/file'), 'x');
  for (let count = 0; count < 100; count++) await writeFile(join(tree, `many-${count}`), '');
  await symlink(elsewhere, join(tree, 'link'));
  await symlink(join(elsewhere, 'precious'), join(tree, 'a/link'));
  await chmod(join(tree, 'a/b'), 0o555);
  await chmod(join(tree, 'a'), 0o000);
  await removeTree(tree);
  expect(await isThere(tree)).toBe(false);
  expect(await readdir(elsewhere)).toEqual(['precious']);
  await removeTree(tree);
});

test('a link in place of the directory is no directory', async () => {
  await rm(tree, { recursive: true });
  await symlink(elsewhere, tree);
  await expect(removeTree(tree)).rejects.toThrow();
  expect(await readdir(elsewhere)).toEqual(['precious']);
});

test('a tree that is deeper than paths can be long, or files be open', async () => {
  let inner = join(scratch, 'inner');
  await mkdir(inner);
  await writeFile(join(inner, 'file'), 'x');
  for (let depth = 0; depth < 3000; depth++) {
    const outer = join(scratch, `outer-${depth}`);
    await mkdir(outer);
    await rename(inner, join(outer, 'deep'));
    inner = outer;
  }
  await rename(inner, join(tree, 'deep'));
  await removeTree(tree);
  expect(await isThere(tree)).toBe(false);
});

test('somebody who swaps a directory and a link back and forth leads it nowhere', async () => {
  for (let round = 0; round < 30; round++) {
    const swapped = join(tree, 'swapped');
    for (let count = 0; count < 20; count++) await mkdir(join(swapped, `d${count}`), { recursive: true });
    await symlink(elsewhere, join(tree, 'link'));
    let isOver = false;
    const swap = async () => {
      while (!isOver) {
        await rename(swapped, join(tree, 'aside')).catch(() => {});
        await rename(join(tree, 'link'), swapped).catch(() => {});
        await rename(swapped, join(tree, 'link')).catch(() => {});
        await rename(join(tree, 'aside'), swapped).catch(() => {});
      }
    };
    const swapping = swap();
    await removeTree(tree).catch(() => {});
    isOver = true;
    await swapping;
    expect(await readdir(elsewhere)).toEqual(['precious']);
    await rm(tree, { recursive: true, force: true });
    await mkdir(tree);
  }
});

test.runIf(process.getuid?.() === 0)(
  'what can not be removed is named, and keeps nothing else but what goes last',
  async () => {
    const stuck = join(tree, 'a/stuck');
    await mkdir(join(tree, 'a'));
    for (const name of ['a/stuck', 'a/other', 'mark', 'z']) await writeFile(join(tree, name), '');
    await exec(['chattr', '+i', stuck]);
    try {
      await expect(removeTree(tree, 'mark')).rejects.toThrow(
        `${stuck} can't be removed: it is not permitted; lsattr shows`,
      );
      expect(await readdir(tree, { recursive: true })).toEqual(['a', 'mark', 'a/stuck']);
    } finally {
      await exec(['chattr', '-i', stuck]);
    }
    await removeTree(tree, 'mark');
    expect(await isThere(tree)).toBe(false);
  },
);

test.runIf(process.getuid?.() === 0)('what is mounted in there is left alone', async () => {
  const place = join(tree, 'a/mounted');
  await mkdir(place, { recursive: true });
  await exec(['mount', '--bind', elsewhere, place]);
  try {
    await expect(removeTree(tree)).rejects.toThrow(`${place} can't be removed: something is mounted there`);
    expect(await readdir(elsewhere)).toEqual(['precious']);
  } finally {
    await exec(['umount', place]);
  }
});
