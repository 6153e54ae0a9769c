import { mkdir, open, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openEngines } from '../../src/engines/engines.ts';
import { exec } from '../../src/lib/exec.ts';
import { silent } from '../../src/lib/log.ts';
import { probeWholly } from '../../src/node/filesystem/blank.ts';
import { makeFilesystem } from '../../src/node/filesystem/filesystem.ts';
import { attachLoop, detachLoop } from '../../src/node/loop.ts';
import { mountDevice, unmount } from '../../src/node/mount.ts';
import { makeScratch, poolOf } from './local-scratch.ts';

const mebibyte = 2 ** 20;
let scratch: Awaited<ReturnType<typeof makeScratch>>;
const openEngine = () => openEngines({ dataDir: join(scratch.path, 'data'), exec, log: silent });

async function disk(name: string, size = 1024 * mebibyte): Promise<{ file: string; device: string }> {
  const file = join(scratch.path, name);
  await writeFile(file, '');
  await truncate(file, size);
  return { file, device: await attachLoop(exec, file) };
}

async function put(path: string, text: string, at: number): Promise<void> {
  await using file = await open(path, 'r+');
  await file.write(text, at);
  await file.sync();
}

async function holds(path: string, text: string, at: number): Promise<boolean> {
  await using file = await open(path, 'r');
  const { buffer } = await file.read(Buffer.alloc(text.length), 0, text.length, at);
  return buffer.toString() === text;
}

describe.runIf(process.getuid?.() === 0)('a disk becomes a pool', () => {
  beforeEach(async () => {
    scratch = await makeScratch();
    await mkdir(join(scratch.path, 'data'));
  });
  afterEach(() => scratch[Symbol.asyncDispose]());

  test.each([
    ['at its start', 0],
    ['somewhere', 200 * mebibyte + 12_345],
    ['in its last bytes', 1024 * mebibyte - 8],
  ])('not if it holds data that no tool has a name for, %s', async (_, at) => {
    const { device } = await disk('raw');
    await put(device, 'precious', at);
    const refused = openEngine().pools.open(poolOf('raw', { path: device }));
    const message = expect.stringMatching(new RegExp(`from byte ${at} on .*spec\\.wipe: "${device}"`));
    await expect(refused).rejects.toMatchObject({ code: 'in-use', message });
    expect(await holds(device, 'precious', at)).toBe(true);
    expect(await readdir(join(scratch.path, 'data/pools/raw'))).toEqual([]);
  });

  test('not if a large sparse one holds a single block anywhere', async () => {
    const { device } = await disk('large', 512 * 1024 * mebibyte);
    expect(await probeWholly(exec, device)).toEqual({ kind: 'blank' });
    await put(device, 'x', 333 * 1024 * mebibyte + 77_777);
    expect(await probeWholly(exec, device)).toMatchObject({ kind: 'foreign' });
  });

  test('not if a partition of it, or it, is mounted, even if it may be wiped', async () => {
    const { device } = await disk('mounted');
    await makeFilesystem(exec, { device, fsType: 'ext4' });
    const target = join(scratch.path, 'target');
    await mountDevice(exec, { device, target, fsType: 'ext4' });
    const refused = openEngine().pools.open(poolOf('mounted', { path: device, wipe: device }));
    await expect(refused).rejects.toMatchObject({ code: 'in-use', message: expect.stringContaining('is mounted') });
    await unmount(exec, target);
  });

  test('if its object says by name that it may be wiped, which counts for this disk alone', async () => {
    const first = await disk('first');
    await makeFilesystem(exec, { device: first.device, fsType: 'ext4' });
    await put(first.device, 'old data', 200 * mebibyte);
    const pool = poolOf('p', { path: first.device, wipe: first.device });
    const engine = openEngine();
    const { wiped, backend, path } = await engine.pools.open(pool);
    expect(wiped).toContain(first.file);
    await engine.pools.close('p');
    // Another disk is put in its place, with data on it, and even what the pool's directory remembers is lost.
    await detachLoop(exec, first.file);
    const second = await disk('second');
    await put(second.device, 'precious', 0);
    const later = { ...pool, spec: { ...pool.spec, path: second.device, wipe: second.device } };
    await expect(openEngine().pools.open(later)).rejects.toMatchObject({ code: 'in-use' });
    await rm(path, { recursive: true });
    const remembered = { ...later, status: { nodes: [{ node: 'here', backend, wiped }] } };
    await expect(openEngine().pools.open(remembered)).rejects.toMatchObject({ code: 'not-found' });
    const neverOpened = { ...later, status: { nodes: [{ node: 'here', wiped }] } };
    await expect(openEngine().pools.open(neverOpened)).rejects.toMatchObject({ code: 'in-use' });
    expect(await holds(second.device, 'precious', 0)).toBe(true);
  });

  test('a disk that was put in its place before it could be wiped is left alone', async () => {
    const first = await disk('first');
    await put(first.device, 'old data', 0);
    const pool = poolOf('p', { path: first.device, wipe: first.device });
    await openEngine().pools.open(pool);
    const marker = join(scratch.path, 'data/pools/p/moorage-pool.json');
    await unmount(exec, join(scratch.path, 'data/pools/p/fs'));
    await writeFile(marker, (await readFile(marker, 'utf8')).replace('"made": true', '"made": false'));
    const second = await disk('second', 900 * mebibyte);
    await put(second.device, 'precious', 0);
    const later = { ...pool, spec: { ...pool.spec, path: second.device, wipe: second.device } };
    await expect(openEngine().pools.open(later)).rejects.toMatchObject({
      code: 'in-use',
      message: expect.stringContaining('is another disk'),
    });
    expect(await holds(second.device, 'precious', 0)).toBe(true);
  });
});

test('a place that is no place for a pool is refused in words', async () => {
  scratch = await makeScratch();
  const file = join(scratch.path, 'file');
  await writeFile(file, 'text');
  const engine = openEngine();
  await expect(engine.pools.open(poolOf('p', { path: file }))).rejects.toMatchObject({ code: 'invalid' });
  const missing = engine.pools.open(poolOf('p', { path: '/dev/no-such-disk' }));
  await expect(missing).rejects.toMatchObject({ code: 'not-found', message: expect.stringContaining('no such disk') });
  const rescued = join(scratch.path, 'rescued');
  await mkdir(join(rescued, 'lost+found'), { recursive: true });
  await writeFile(join(rescued, 'lost+found/#12'), 'a rescued file');
  await expect(engine.pools.open(poolOf('p', { path: rescued }))).rejects.toMatchObject({ code: 'in-use' });
  await scratch[Symbol.asyncDispose]();
});
