import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
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
