import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, open, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Engines, VolumeWish } from '../../src/engines/engine.ts';
import { openEngines } from '../../src/engines/engines.ts';
import { exec } from '../../src/lib/exec.ts';
import { silent } from '../../src/lib/log.ts';
import type { Pool } from '../../src/model/kinds/moorage.ts';
import { makeFilesystem } from '../../src/node/filesystem/filesystem.ts';
import { deviceSize } from '../../src/node/filesystem/statistics.ts';
import { attachLoop, detachLoop, listLoops, mayBeOver } from '../../src/node/loop.ts';
import { mountDevice, unmount } from '../../src/node/mount.ts';
import { makeScratch, poolOf } from './local-scratch.ts';

const mebibyte = 1n << 20n;
const gibibyte = 1n << 30n;
let pool: Pool;
let scratch: Awaited<ReturnType<typeof makeScratch>>;
let engine: Engines;

function wish(name: string, more: Partial<VolumeWish> = {}): VolumeWish {
  return { pool: 'p', name, uid: `uid-${name}`, size: 64n * mebibyte, provisioning: 'thin', ...more };
}
const ref = (name: string) => ({ pool: 'p', name });
const reopen = () => openEngines({ dataDir: scratch.path, exec, log: silent });

async function device(name: string): Promise<string> {
  const attached = await engine.node.attach(ref(name), { readOnly: false });
  expect(attached.kind).toBe('device');
  return attached.path;
}

async function writeAt(path: string, text: string): Promise<void> {
  const file = await open(path, 'r+');
  await file.write(text, 0);
  await file.sync();
  await file.close();
}

async function readAt(path: string, length: number): Promise<string> {
  const file = await open(path, 'r');
  const { buffer } = await file.read(Buffer.alloc(length), 0, length, 0);
  await file.close();
  return buffer.toString();
}

describe.runIf(process.getuid?.() === 0)('the local engine, image backend', () => {
  beforeEach(async () => {
    scratch = await makeScratch();
    pool = poolOf('p', { size: '1Gi' });
    engine = reopen();
  });
  afterEach(async () => {
    const { path } = scratch;
    await scratch[Symbol.asyncDispose]();
    expect(listLoops().filter(({ file }) => file.startsWith(path))).toEqual([]);
  });

  test('a pool is made once, says why, and is found again', async () => {
    const opened = await engine.pools.open(pool);
    expect(opened).toMatchObject({ backend: 'image', path: join(scratch.path, 'pools/p') });
    expect(opened.why).toMatch(/extents/);
    expect(opened.capacity.total).toBeGreaterThan(800n * mebibyte);
    await engine.volumes.create(wish('a'));
    await engine.pools.open(pool);
    // Another process, after this one was killed.
    engine = reopen();
    await engine.pools.open(pool);
    expect(await engine.volumes.get('volume', ref('a'))).toMatchObject({ uid: 'uid-a', size: 64n * mebibyte });
    // And after a reboot.
    await engine.pools.close('p');
    engine = reopen();
    await engine.pools.open(pool);
    expect(await engine.volumes.get('volume', ref('a'))).toMatchObject({ uid: 'uid-a', complete: true });
  });

  test('creating twice is creating once; another object of that name is refused', async () => {
    await engine.pools.open(pool);
    const first = await engine.volumes.create(wish('a'));
    expect(await engine.volumes.create(wish('a'))).toEqual(first);
    await expect(engine.volumes.create(wish('a', { uid: 'other' }))).rejects.toMatchObject({ code: 'already-exists' });
    await engine.volumes.delete(ref('a'));
    await engine.volumes.delete(ref('a'));
    expect(await engine.volumes.get('volume', ref('a'))).toBeUndefined();
  });

  test('thin takes no space, thick takes all at once and is refused when there is not enough', async () => {
    await engine.pools.open(pool);
    expect((await engine.volumes.create(wish('thin'))).used).toBe(0n);
    expect((await engine.volumes.create(wish('thick', { provisioning: 'thick' }))).used).toBe(64n * mebibyte);
    const tooMuch = wish('huge', { provisioning: 'thick', size: 2n * gibibyte });
    await expect(engine.volumes.create(tooMuch)).rejects.toMatchObject({ code: 'exhausted' });
    expect(await engine.volumes.get('volume', ref('huge'))).toBeUndefined();
  });

  test('a snapshot keeps what was there; a larger copy of it starts with that', async () => {
    await engine.pools.open(pool);
    await engine.volumes.create(wish('a'));
    const path = await device('a');
    await engine.node.recordFormat(ref('a'), 'ext4', 'formatted');
    await writeAt(path, 'before');
    const snapshot = await engine.volumes.snapshot({ ...ref('s'), uid: 'uid-s', volume: 'a' });
    expect(snapshot).toMatchObject({ kind: 'snapshot', volume: 'a', size: 64n * mebibyte });
    await writeAt(path, 'after!');
    const again = await engine.volumes.snapshot({ ...ref('s'), uid: 'uid-s', volume: 'a' });
    expect(again).toEqual(snapshot);
    const source = { kind: 'snapshot', name: 's' } as const;
    await engine.volumes.create(wish('b', { source, size: 128n * mebibyte }));
    const copy = await device('b');
    expect(await readAt(copy, 6)).toBe('before');
    expect(await deviceSize(copy)).toBe(128n * mebibyte);
    expect(await engine.node.formatted(ref('b'))).toBe('ext4');
    await engine.volumes.create(wish('c', { source: { kind: 'volume', name: 'a' } }));
    expect(await readAt(await device('c'), 6)).toBe('after!');
    await expect(engine.volumes.create(wish('d', { source, size: 4096n }))).rejects.toMatchObject({ code: 'invalid' });
    // Each stands alone.
    await engine.node.detach(ref('a'));
    await engine.volumes.delete(ref('a'));
    await engine.volumes.deleteSnapshot(ref('s'));
    expect(await readAt(copy, 6)).toBe('before');
  });

  test('a snapshot of a mounted file system has what was written a moment ago', async () => {
    await engine.pools.open(pool);
    await engine.volumes.create(wish('a'));
    const path = await device('a');
    await makeFilesystem(exec, { device: path, fsType: 'ext4' });
    const target = join(scratch.path, 'mounted');
    await mountDevice(exec, { device: path, target, fsType: 'ext4' });
    await writeFile(join(target, 'file'), 'not synced by anybody');
    await engine.volumes.snapshot({ ...ref('s'), uid: 'uid-s', volume: 'a' });
    await engine.volumes.create(wish('b', { source: { kind: 'snapshot', name: 's' } }));
    const second = join(scratch.path, 'second');
    await mountDevice(exec, { device: await device('b'), target: second, fsType: 'ext4' });
    expect(await readFile(join(second, 'file'), 'utf8')).toBe('not synced by anybody');
    await expect(engine.node.detach(ref('a'))).rejects.toMatchObject({ code: 'busy' });
    await expect(engine.volumes.delete(ref('a'))).rejects.toMatchObject({ code: 'in-use' });
    await expect(engine.pools.close('p')).rejects.toMatchObject({ code: 'busy' });
    await unmount(exec, target);
    await engine.node.detach(ref('a'));
    await engine.node.detach(ref('a'));
    await engine.volumes.delete(ref('a'));
  });

  test('a volume grows while it is attached, and never shrinks', async () => {
    await engine.pools.open(pool);
    await engine.volumes.create(wish('a'));
    const path = await device('a');
    expect((await engine.volumes.expand(ref('a'), 128n * mebibyte)).size).toBe(128n * mebibyte);
    expect(await deviceSize(path)).toBe(128n * mebibyte);
    expect((await engine.volumes.expand(ref('a'), 4096n)).size).toBe(128n * mebibyte);
    await expect(engine.volumes.expand(ref('none'), 4096n)).rejects.toMatchObject({ code: 'not-found' });
  });

  test('a volume whose mkfs was cut off is blank again', async () => {
    await engine.pools.open(pool);
    await engine.volumes.create(wish('a'));
    const path = await device('a');
    await engine.node.recordFormat(ref('a'), 'ext4', 'formatting');
    await writeAt(path, 'half a file system');
    expect(await engine.node.formatted(ref('a'))).toBeUndefined();
    expect(await readAt(await device('a'), 4)).toBe('\0\0\0\0');
    await engine.node.recordFormat(ref('a'), 'ext4', 'formatted');
    await writeAt(await device('a'), 'whole');
    expect(await readAt(await device('a'), 5)).toBe('whole');
  });

  test('what a crash left half-made goes at the next start; what has no mark of ours stays', async () => {
    await engine.pools.open(pool);
    const volumes = join(scratch.path, 'pools/p/fs/volumes');
    await engine.volumes.create(wish('a'));
    await rename(join(volumes, 'a'), join(volumes, '.deleting-a'));
    await engine.volumes.create(wish('b'));
    await rename(join(volumes, 'b'), join(volumes, '.making-b'));
    await mkdir(join(volumes, '.making-c'));
    await mkdir(join(volumes, '.making-foreign'));
    await writeFile(join(volumes, '.making-foreign', 'theirs'), '');
    await mkdir(join(volumes, 'theirs'));
    engine = reopen();
    await engine.pools.open(pool);
    expect((await readdir(volumes)).toSorted()).toEqual(['.making-foreign', 'theirs']);
    await expect(engine.volumes.delete(ref('theirs'))).rejects.toMatchObject({ code: 'permission' });
    const list = await engine.volumes.list('p');
    expect(list.map(({ name, uid, complete }) => ({ name, uid, complete }))).toEqual(
      expect.arrayContaining([
        { name: 'foreign', uid: undefined, complete: false },
        { name: 'theirs', uid: undefined, complete: true },
      ]),
    );
  });

  test('the pool grows while it is in use', async () => {
    const before = await engine.pools.open(pool);
    await engine.volumes.create(wish('a'));
    await device('a');
    const after = await engine.pools.grow({ ...pool, spec: { ...pool.spec, size: '2Gi' } });
    expect(after.capacity.total - before.capacity.total).toBeGreaterThan(900n * mebibyte);
  });

  test('a growth that was cut off is finished at the next start', async () => {
    const before = await engine.pools.open(pool);
    await truncate(join(scratch.path, 'pools/p/pool.xfs'), Number(2n * gibibyte));
    engine = reopen();
    const after = await engine.pools.open(pool);
    expect(after.capacity.total - before.capacity.total).toBeGreaterThan(900n * mebibyte);
  });

  test('a full pool fails its writers only, and growth mends it', async () => {
    const small = poolOf('p', { size: '320Mi' });
    await engine.pools.open(small);
    for (const name of ['full', 'other']) await engine.volumes.create(wish(name, { size: gibibyte }));
    await writeAt(await device('other'), 'allocated before');
    const path = await device('full');
    const filling = exec(['dd', 'if=/dev/zero', `of=${path}`, 'bs=1M', 'count=512', 'oflag=direct']);
    await expect(filling).rejects.toThrow(/No space left|Input\/output/);
    const { available } = await engine.pools.capacity('p');
    expect(available).toBeLessThan(8n * mebibyte);
    await writeAt(await device('other'), 'still writable!!');
    expect(await readAt(await device('other'), 16)).toBe('still writable!!');
    await engine.pools.grow({ ...small, spec: { ...small.spec, size: '1Gi' } });
    await exec(['dd', 'if=/dev/zero', `of=${path}`, 'bs=1M', 'count=400', 'oflag=direct']);
  });

  test('a directory with other things in it is refused, untouched', async () => {
    const place = join(scratch.path, 'theirs');
    await mkdir(place);
    await writeFile(join(place, 'photo.jpg'), '');
    const refused = engine.pools.open(poolOf('p', { path: place }));
    await expect(refused).rejects.toMatchObject({ code: 'in-use', message: expect.stringContaining('photo.jpg') });
    expect(await readdir(place)).toEqual(['photo.jpg']);
    await expect(engine.pools.open(poolOf('p', { path: '/no/such/place' }))).rejects.toMatchObject({
      code: 'not-found',
    });
  });

  test("another pool's directory, and an emptied one of our own, are refused", async () => {
    await engine.pools.open(pool);
    await engine.pools.close('p');
    await expect(engine.pools.open(poolOf('p'))).rejects.toMatchObject({ code: 'in-use' });
    await rm(join(scratch.path, 'pools/p'), { recursive: true });
    const remembered = { ...pool, status: { nodes: [{ node: 'here', backend: 'image' as const }] } };
    await expect(engine.pools.open(remembered)).rejects.toMatchObject({ code: 'not-found' });
  });

  test('a blank disk becomes a pool; one with anything on it is refused', async () => {
    const [blank, used] = [join(scratch.path, 'blank'), join(scratch.path, 'used')];
    for (const file of [blank, used]) await writeFile(file, '').then(() => truncate(file, Number(gibibyte)));
    const [blankDisk, usedDisk] = [await attachLoop(exec, blank), await attachLoop(exec, used)];
    await makeFilesystem(exec, { device: usedDisk, fsType: 'ext4' });
    const refused = engine.pools.open(poolOf('q', { path: usedDisk }));
    await expect(refused).rejects.toMatchObject({ code: 'in-use', message: expect.stringContaining('ext4') });
    const onDisk = poolOf('p', { path: blankDisk });
    expect(await engine.pools.open(onDisk)).toMatchObject({ backend: 'image', why: expect.stringContaining('disk') });
    await engine.volumes.create(wish('a'));
    await engine.pools.close('p');
    engine = reopen();
    await engine.pools.open(onDisk);
    expect(await engine.volumes.get('volume', ref('a'))).toBeDefined();
    await engine.pools.close('p');
    await detachLoop(exec, blank);
  });

  test('mkfs of the pool that was cut off is done again', async () => {
    await engine.pools.open(pool);
    await engine.pools.close('p');
    const marker = join(scratch.path, 'pools/p/moorage-pool.json');
    await writeFile(marker, (await readFile(marker, 'utf8')).replace('"made": true', '"made": false'));
    engine = reopen();
    await engine.pools.open(pool);
    expect(await engine.volumes.list('p')).toEqual([]);
  });

  test('a preallocated pool has its space, and an empty pool can be removed', async () => {
    const fixed = poolOf('p', { size: '400Mi', preallocate: true });
    await engine.pools.open(fixed);
    expect((await stat(join(scratch.path, 'pools/p/pool.xfs'))).blocks * 512).toBeGreaterThanOrEqual(400 * 2 ** 20);
    await engine.volumes.create(wish('a'));
    await expect(engine.pools.remove('p')).rejects.toMatchObject({ code: 'in-use' });
    await engine.volumes.delete(ref('a'));
    await engine.pools.remove('p');
    expect(await readdir(join(scratch.path, 'pools/p'))).toEqual([]);
  });

  test('a removal that was held up by somebody who has the loop device open is finished later', async () => {
    await engine.pools.open(pool);
    const device = listLoops().find(({ file }) => file.startsWith(scratch.path))?.device ?? '';
    const holder = await open(device, 'r');
    await expect(engine.pools.remove('p')).rejects.toMatchObject({ code: 'busy' });
    await holder.close();
    await engine.pools.remove('p');
    expect(await readdir(join(scratch.path, 'pools/p'))).toEqual([]);
  });

  test('a thousand volumes are made and deleted, many at a time', async () => {
    await engine.pools.open(pool);
    const names = Array.from({ length: 1000 }, (_, n) => `v${n}`);
    const run = async (work: (name: string) => Promise<unknown>) => {
      const left = names.values();
      await Promise.all(
        Array.from({ length: 32 }, async () => {
          for (const name of left) await work(name);
        }),
      );
    };
    await run((name) => engine.volumes.create(wish(name, { uid: randomUUID() })));
    const made = await engine.volumes.list('p');
    expect(made.map(({ name }) => name).sort()).toEqual(names.toSorted());
    expect(made.every(({ complete }) => complete)).toBe(true);
    await run((name) => engine.volumes.delete(ref(name)));
    expect(await engine.volumes.list('p')).toEqual([]);
  });

  test('a pool stays open for a volume that was attached in a container which has ended', async () => {
    await engine.pools.open(pool);
    await engine.volumes.create(wish('kept'));
    const file = join(scratch.path, 'pools/p/fs/volumes/kept/data');
    const attach = ['losetup', '--find', '--show', '--direct-io=on', file] as const;
    const { stdout } = await exec(['unshare', '--mount', ...attach]);
    await expect(engine.pools.close('p')).rejects.toMatchObject({ code: 'busy' });
    expect(await device('kept')).toBe(stdout.trim());
    await engine.node.detach(ref('kept'));
    await engine.pools.close('p');
    expect(listLoops().filter((loop) => mayBeOver(loop, file))).toEqual([]);
  });

  test('loop devices of another mount namespace are not its own, though their files have the paths of its volumes', async () => {
    await engine.pools.open(pool);
    await engine.volumes.create(wish('ours'));
    const own = await device('ours');
    const script = `mount -t tmpfs none "$1" && mkdir "$1/theirs" && cd "$1/theirs" && truncate -s 4M data gone
      one=$(losetup --find --show "$PWD/data"); two=$(losetup --find --show "$PWD/gone"); rm gone
      echo made; read -r _ || true; losetup --detach "$one"; losetup --detach "$two"`;
    const volumes = join(scratch.path, 'pools/p/fs/volumes');
    const other = spawn('unshare', ['--mount', 'sh', '-ec', script, 'sh', volumes], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const ended = once(other, 'exit');
    try {
      await once(other.stdout, 'data');
      const { length } = listLoops().filter(({ file }) => file.startsWith(`${volumes}/theirs/`));
      expect(length, 'they look like its own').toBe(2);
      expect((await engine.node.attachments()).map(({ device: it }) => it)).toEqual([own]);
    } finally {
      other.stdin.end();
      await ended;
    }
    await rm(join(volumes, 'ours/data'));
    expect(await engine.node.attachments(), 'one of its own whose file is gone').toMatchObject([
      { device: own, deleted: true },
    ]);
  });
});
