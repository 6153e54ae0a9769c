import { mkdir, open, readdir, readFile, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Engines, OpenPool } from '../../src/engines/engine.ts';
import { openEngines } from '../../src/engines/engines.ts';
import { exec } from '../../src/lib/exec.ts';
import { silent } from '../../src/lib/log.ts';
import type { Pool } from '../../src/model/kinds/moorage.ts';
import { makeFilesystem } from '../../src/node/filesystem/filesystem.ts';
import { bindMount, mountDevice, unmount } from '../../src/node/mount.ts';
import { leftovers } from '../support/leftovers.ts';
import { mountBtrfs } from './btrfs.ts';
import { makeScratch, poolOf } from './local-scratch.ts';

const isRoot = process.getuid?.() === 0;
const mebibyte = 1n << 20n;
const size = 64n * mebibyte;

/** What the port promises, whoever keeps the bytes: the tests know of an engine no more than its features. */
describe.runIf(isRoot).for([
  { name: 'local, image', spec: { backend: 'image' as const, size: '1Gi' } },
  { name: 'local, directory', spec: { backend: 'directory' as const } },
  { name: 'quota', spec: { engine: 'quota' } },
])('$name', ({ name, spec }) => {
  let scratch: Awaited<ReturnType<typeof makeScratch>>;
  let engine: Engines;
  let pool: Pool;
  let opened: OpenPool;
  const ref = (volume: string) => ({ pool: 'p', name: volume });
  const wish = (volume: string) => ({ ...ref(volume), uid: `uid-${volume}`, size, provisioning: 'thin' as const });

  beforeEach(async () => {
    scratch = await makeScratch();
    engine = openEngines({ dataDir: scratch.path, exec, log: silent });
    const path = name === 'quota' ? join(await mountBtrfs(scratch.path, 1 << 30), 'pool') : undefined;
    pool = poolOf('p', { ...spec, ...(path !== undefined && { path }) });
    opened = await engine.pools.open(pool);
  });
  afterEach(async () => {
    const { path } = scratch;
    await scratch[Symbol.asyncDispose]();
    expect(await leftovers(path)).toEqual([]);
  });

  /** A directory with what is in the volume: its own, or that of a file system on it. */
  async function use<T>(volume: string, work: (directory: string) => Promise<T>): Promise<T> {
    const attached = await engine.node.attach(ref(volume), { readOnly: false });
    if (attached.kind === 'directory') return work(attached.path);
    const device = attached.path;
    if ((await engine.node.formatted(ref(volume))) === undefined) {
      await engine.node.recordFormat(ref(volume), 'ext4', 'formatting');
      await makeFilesystem(exec, { device, fsType: 'ext4' });
      await engine.node.recordFormat(ref(volume), 'ext4', 'formatted');
    }
    const target = join(scratch.path, 'mnt', volume);
    await mkdir(target, { recursive: true });
    await mountDevice(exec, { device, target, fsType: 'ext4', options: [] });
    try {
      return await work(target);
    } finally {
      await unmount(exec, target);
      await engine.node.detach(ref(volume));
    }
  }
  const write = (volume: string, text: string) => use(volume, (at) => writeFile(join(at, 'file'), text));
  const read = (volume: string) => use(volume, (at) => readFile(join(at, 'file'), 'utf8'));

  test('a volume is made once, however often it is asked for, and is gone as often', async () => {
    const first = await engine.volumes.create({ ...wish('a'), size: size - 1n, claim: 'shop/db' });
    expect(first, 'rounded up to what the pool counts in').toMatchObject({ kind: 'volume', uid: 'uid-a', size });
    await write('a', 'mine');
    expect(await engine.volumes.create(wish('a'))).toMatchObject({ size });
    expect(await read('a')).toBe('mine');
    expect(await engine.volumes.list('p')).toMatchObject([{ name: 'a', claim: 'shop/db', complete: true }]);
    await engine.volumes.delete(ref('a'));
    await engine.volumes.delete(ref('a'));
    expect(await engine.volumes.get('volume', ref('a'))).toBeUndefined();
    expect(await engine.volumes.list('p')).toEqual([]);
  });

  test('a namesake of another object is neither taken over nor deleted for it', async () => {
    await engine.volumes.create(wish('a'));
    await write('a', 'theirs');
    const other = engine.volumes.create({ ...wish('a'), uid: 'uid-other' });
    await expect(other).rejects.toMatchObject({ code: 'already-exists' });
    expect(await engine.volumes.create({ ...wish('a'), uid: 'uid-new', adopt: 'uid-a' })).toMatchObject({
      uid: 'uid-new',
    });
    expect(await read('a')).toBe('theirs');
  });

  test('snapshots and clones stand alone, and say so where there are none', async () => {
    expect(opened.features).toMatchObject({ snapshots: true, clones: true });
    await engine.volumes.create(wish('a'));
    await write('a', 'before');
    await engine.volumes.snapshot({ ...ref('s'), uid: 'uid-s', volume: 'a' });
    await write('a', 'after');
    await engine.volumes.create({ ...wish('b'), size: 2n * size, source: { kind: 'snapshot', name: 's' } });
    await engine.volumes.create({ ...wish('c'), source: { kind: 'volume', name: 'a' } });
    await engine.volumes.delete(ref('a'));
    await engine.volumes.deleteSnapshot(ref('s'));
    expect([await read('b'), await read('c')]).toEqual(['before', 'after']);
    const smaller = engine.volumes.create({
      ...wish('d'),
      size: size / 2n,
      source: { kind: 'volume', name: 'c' },
    });
    await expect(smaller).rejects.toMatchObject({ code: 'invalid' });
  });

  test('a volume holds what it promises, no more if its size is kept, and more once it has grown', async () => {
    await engine.volumes.create(wish('a'));
    const fill = (bytes: bigint) =>
      use('a', async (at) => {
        await using file = await open(join(at, 'file'), 'w');
        await file.writeFile(Buffer.alloc(Number(bytes), 7));
        await file.sync();
      });
    await fill(size / 2n);
    if (opened.features.sizeEnforced) {
      await expect(fill(2n * size)).rejects.toThrow(/ENOSPC|-122/);
      await use('a', (at) => rm(join(at, 'file')));
    }
    expect(await engine.volumes.expand(ref('a'), 3n * size)).toMatchObject({ size: 3n * size });
    expect(await engine.volumes.expand(ref('a'), size), 'never shrinks').toMatchObject({ size: 3n * size });
    const usage = await engine.node.usage(ref('a'));
    if (usage) expect(usage.total).toBe(3n * size);
    // What has a file system of its own needs that one to grow as well, which is not the engine's.
    if (!opened.features.block) await fill(2n * size);
  });

  test('what another process left half-made or half-deleted goes when the pool is opened, and nothing else', async () => {
    for (const volume of ['kept', 'half', 'going']) await engine.volumes.create(wish(volume));
    await write('kept', 'mine');
    const shelf = await shelfOf(opened.path);
    await exec(['mv', join(shelf, 'half'), join(shelf, '.making-half')]);
    await exec(['mv', join(shelf, 'going'), join(shelf, '.deleting-going')]);
    await mkdir(join(shelf, 'theirs'));
    await writeFile(join(shelf, 'theirs/photo.jpg'), 'theirs');
    engine = openEngines({ dataDir: scratch.path, exec, log: silent });
    await engine.pools.open(pool);
    expect((await readdir(shelf)).sort()).toEqual(['kept', 'theirs']);
    expect(await read('kept')).toBe('mine');
    await expect(engine.volumes.delete(ref('theirs'))).rejects.toMatchObject({ code: 'permission' });
    expect(await readFile(join(shelf, 'theirs/photo.jpg'), 'utf8')).toBe('theirs');
    await expect(engine.pools.remove('p')).rejects.toMatchObject({ code: 'in-use' });
  });

  test('a volume that is mounted is not deleted, nor its pool closed, if its engine can tell', async () => {
    await engine.volumes.create(wish('a'));
    await use('a', async (at) => {
      const target = join(scratch.path, 'elsewhere');
      await mkdir(target);
      await bindMount(exec, at, target);
      await expect(engine.volumes.delete(ref('a'))).rejects.toMatchObject({ code: 'in-use' });
      if (opened.features.block) await expect(engine.pools.close('p')).rejects.toMatchObject({ code: 'busy' });
      await unmount(exec, target);
    });
    await engine.volumes.delete(ref('a'));
  });

  test('a pool is closed and opened, and removed with nothing left but what was there before', async () => {
    await engine.volumes.create(wish('a'));
    await write('a', 'mine');
    await engine.pools.close('p');
    await engine.pools.close('p');
    expect(engine.pools.list()).toEqual([]);
    await expect(engine.volumes.list('p')).rejects.toMatchObject({ code: 'not-ready' });
    await engine.pools.open(pool);
    expect(await read('a')).toBe('mine');
    await expect(engine.pools.remove('p')).rejects.toMatchObject({ code: 'in-use' });
    await engine.volumes.delete(ref('a'));
    await engine.pools.remove('p');
    expect(await readdir(opened.path).catch(() => [])).toEqual([]);
  });

  test('another engine, and another pool, leave its place alone', async () => {
    const place = { path: opened.path };
    const engines = spec.engine === 'quota' ? ['local'] : ['quota', 'local'];
    await engine.pools.close('p');
    for (const other of engines) {
      const refused = engine.pools.open(poolOf('q', { ...place, engine: other }));
      await expect(refused).rejects.toMatchObject({ code: 'in-use' });
    }
    await engine.pools.open(pool);
  });

  test('its capacity is that of the file system that it is on', async () => {
    const { bsize, blocks } = await statfs(join(await shelfOf(opened.path)), { bigint: true });
    const { total, available } = await engine.pools.capacity('p');
    expect(total).toBeLessThanOrEqual(bsize * blocks);
    expect(available).toBeLessThanOrEqual(total);
    expect(available).toBeGreaterThan(0n);
  });
});

/** Where a pool's volumes are, each in its directory. */
async function shelfOf(path: string): Promise<string> {
  const own = join(path, 'fs/volumes');
  const isThere = await readdir(own).then(
    () => true,
    () => false,
  );
  return isThere ? own : join(path, 'volumes');
}

test.runIf(isRoot)(
  'a pool of quota directories is refused where sizes can not be kept, and changes nothing there',
  async () => {
    await using scratch = await makeScratch();
    const engine = openEngines({ dataDir: scratch.path, exec, log: silent });
    const place = join(scratch.path, 'place');
    await mkdir(place);
    const open = (spec: Partial<Pool['spec']>) =>
      engine.pools.open(poolOf('p', { engine: 'quota', path: place, ...spec }));
    await expect(open({})).rejects.toThrow(/is not on a btrfs, which engine quota keeps sizes by: set spec.path/);
    await expect(open({ size: '1Gi' })).rejects.toThrow(/spec.size says nothing to engine quota/);
    await expect(open({ backend: 'image' })).rejects.toThrow(/spec.backend says nothing to engine quota/);
    expect(await readdir(place)).toEqual([]);
  },
);

test.runIf(isRoot)('a quota volume goes with the subvolumes that programs have made inside of it', async () => {
  await using scratch = await makeScratch();
  const engine = openEngines({ dataDir: scratch.path, exec, log: silent });
  const path = join(await mountBtrfs(scratch.path, 1 << 30), 'pool');
  await engine.pools.open(poolOf('p', { engine: 'quota', path }));
  const ref = { pool: 'p', name: 'a' };
  await engine.volumes.create({ ...ref, uid: 'uid-a', size, provisioning: 'thin' });
  const attached = await engine.node.attach(ref, { readOnly: false });
  const inner = join(attached.path, 'folder/inner');
  await mkdir(join(attached.path, 'folder'));
  await exec(['btrfs', 'subvolume', 'create', inner]);
  await exec(['btrfs', 'subvolume', 'create', join(inner, 'innermost')]);
  await engine.volumes.delete(ref);
  expect(await engine.volumes.list('p')).toEqual([]);
  expect(await readdir(join(path, 'fs/volumes'))).toEqual([]);
});

test('an engine that is not there is refused by name', async () => {
  await using scratch = await makeScratch();
  const engine = openEngines({ dataDir: scratch.path, exec, log: silent });
  for (const name of ['tape', 'constructor']) {
    const refused = engine.pools.open(poolOf('p', { engine: name }));
    await expect(refused).rejects.toThrow(`there is no engine "${name}" here; spec.engine can be local, quota`);
  }
});
