import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { exec } from '../../lib/exec.ts';
import { Shelf, type ShelfItem } from './shelf.ts';

test('what is made and removed while it is looked at is whole, half or absent, and never without its mark', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'moorage-shelf-'));
  try {
    const shelf = new Shelf(directory, async () => {});
    const make = (name: string) => {
      const metadata = { version: 1, uid: name, size: 1n, provisioning: 'thin', createdAt: '' } as const;
      return shelf.make(name, metadata, (path) => writeFile(join(path, 'data'), 'x'));
    };
    await make('stays');
    const churn = async (worker: number) => {
      for (let round = 0; round < 40; round++) {
        await make(`goes-${worker}-${round}`);
        await shelf.remove(`goes-${worker}-${round}`);
      }
    };
    let isOver = false;
    const looks: (readonly ShelfItem[])[] = [];
    const look = async () => {
      while (!isOver) looks.push(await shelf.list());
    };
    const looking = [look(), look()];
    await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map(churn)).finally(() => (isOver = true));
    await Promise.all(looking);

    looks.push(await shelf.list());
    for (const items of looks) {
      expect(items.find(({ name }) => name === 'stays')).toMatchObject({ complete: true, metadata: { uid: 'stays' } });
      expect(items.filter(({ complete, metadata }) => complete && !metadata)).toEqual([]);
    }
    expect(looks.at(-1)).toHaveLength(1);
  } finally {
    await rm(directory, { recursive: true });
  }
});

test.each([245, 246, 253])('a name of %d characters is made, found half-made, and removed', async (length) => {
  const directory = await mkdtemp(join(tmpdir(), 'moorage-shelf-'));
  try {
    const name = 'n'.repeat(length);
    const shelf = new Shelf(directory, async () => {});
    const metadata = { version: 1, uid: 'u', size: 1n, provisioning: 'thin', createdAt: '' } as const;
    await shelf.make(name, metadata, async () => {
      expect(await shelf.list()).toMatchObject([{ name, complete: false }]);
    });
    await shelf.update(name, metadata);
    expect(await shelf.list()).toMatchObject([{ name, complete: true }]);
    await shelf.remove(name);
    expect(await readdir(directory)).toEqual([]);
  } finally {
    await rm(directory, { recursive: true });
  }
});

test.runIf(process.getuid?.() === 0)(
  'what is half-deleted keeps its mark, is still known, and goes later',
  async () => {
    const directory = await mkdtemp(join(tmpdir(), 'moorage-shelf-'));
    const stuck = join(directory, '.deleting-a/data/stuck');
    const chattr = (sign: '+i' | '-i', path: string) => exec(['chattr', sign, path]);
    try {
      const shelf = new Shelf(directory, async () => {});
      await mkdir(join(directory, '.deleting-theirs/data'), { recursive: true });
      const metadata = { version: 1, uid: 'u', size: 1n, provisioning: 'thin', createdAt: '' } as const;
      await shelf.make('a', metadata, async (path) => {
        await mkdir(join(path, 'data'));
        for (const name of ['stuck', 'other']) await writeFile(join(path, 'data', name), 'x');
      });
      await chattr('+i', join(directory, 'a/data/stuck'));
      for (const _ of ['first', 'second']) {
        await expect(shelf.remove('a')).rejects.toThrow(`${stuck} can't be removed: it is not permitted; lsattr`);
        expect(await shelf.get('a')).toBeUndefined();
        expect(await shelf.remains('a')).toMatchObject({ complete: false, metadata: { uid: 'u' } });
      }
      expect(await shelf.sweep()).toEqual({ removed: [], left: [expect.stringContaining(stuck)] });
      expect(await readdir(join(directory, '.deleting-a'))).toEqual(['data', 'meta.json']);

      await chattr('-i', stuck);
      expect(await shelf.sweep()).toEqual({ removed: ['.deleting-a'], left: [] });
      expect(await readdir(directory)).toEqual(['.deleting-theirs']);
    } finally {
      await chattr('-i', stuck).catch(() => {});
      await rm(directory, { recursive: true });
    }
  },
);
