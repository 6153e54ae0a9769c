import { mkdir, open, readFile, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Engines, VolumeWish } from '../../src/engines/engine.ts';
import { openEngines } from '../../src/engines/engines.ts';
import { exec } from '../../src/lib/exec.ts';
import { silent } from '../../src/lib/log.ts';
import { ext4Journal } from '../../src/node/filesystem/ext4-journal.ts';
import { makeFilesystem } from '../../src/node/filesystem/filesystem.ts';
import { listLoops } from '../../src/node/loop.ts';
import { mountDevice } from '../../src/node/mount.ts';
import { syncFilesystem } from '../../src/node/sync.ts';
import { makeScratch, poolOf } from './local-scratch.ts';

const mebibyte = 1n << 20n;
const ref = (name: string) => ({ pool: 'p', name });
const wish = (name: string, more: Partial<VolumeWish> = {}): VolumeWish => ({
  ...ref(name),
  uid: `uid-${name}`,
  size: 64n * mebibyte,
  provisioning: 'thick',
  ...more,
});

describe.runIf(process.getuid?.() === 0)('space that is taken for good, in a pool whose image is sparse', () => {
  let scratch: Awaited<ReturnType<typeof makeScratch>>;
  let engine: Engines;
  const at = (path: string) => join(scratch.path, 'pools/p', path);
  const data = (name: string) => at(`fs/volumes/${name}/data`);
  const taken = async (path: string) => (await stat(path, { bigint: true })).blocks * 512n;
  beforeEach(async () => {
    scratch = await makeScratch();
    engine = openEngines({ dataDir: scratch.path, exec, log: silent });
    await engine.pools.open(poolOf('p', { size: '512Mi' }));
  });
  afterEach(async () => {
    const { path } = scratch;
    await scratch[Symbol.asyncDispose]();
    expect(listLoops().filter(({ file }) => file.startsWith(path))).toEqual([]);
  });

  test('a thick volume takes it in the pool and under it, when it is made and when it grows', async () => {
    // What is free in the pool may have space below already, from what was there before: hence less than all.
    const before = await taken(at('pool.xfs'));
    await engine.volumes.create(wish('thin', { provisioning: 'thin' }));
    expect((await taken(at('pool.xfs'))) - before).toBeLessThan(mebibyte);
    await engine.volumes.create(wish('a'));
    expect(await taken(data('a'))).toBe(64n * mebibyte);
    expect((await taken(at('pool.xfs'))) - before).toBeGreaterThan(63n * mebibyte);
    await engine.volumes.expand(ref('a'), 128n * mebibyte);
    expect((await taken(at('pool.xfs'))) - before).toBeGreaterThan(127n * mebibyte);
  });

  test('what an application gave back of a thick volume is taken again when it is attached next', async () => {
    await engine.volumes.create(wish('a'));
    const { path } = await engine.node.attach(ref('a'), { readOnly: false });
    // By force, since udev may look at the device just now.
    await exec(['blkdiscard', '--force', path]);
    expect(await taken(data('a'))).toBe(0n);
    await engine.node.detach(ref('a'));
    await engine.node.attach(ref('a'), { readOnly: false });
    expect(await taken(data('a'))).toBe(64n * mebibyte);
  });

  test('a thick copy shares nothing with its source, and has what that had', async () => {
    await engine.volumes.create(wish('source', { provisioning: 'thin' }));
    const { path } = await engine.node.attach(ref('source'), { readOnly: false });
    await writeFile(path, 'the content');
    await engine.volumes.snapshot({ ...ref('snapshot'), uid: 'uid-snapshot', volume: 'source' });
    for (const provisioning of ['thin', 'thick'] as const) {
      await engine.volumes.create(wish(provisioning, { provisioning, source: { kind: 'snapshot', name: 'snapshot' } }));
    }
    const shared = async (name: string) =>
      /0x[0-9a-f]*2[0-9a-f]{3}$/m.test((await exec(['xfs_io', '-r', '-c', 'fiemap -v', data(name)])).stdout);
    expect(await shared('thin')).toBe(true);
    expect(await shared('thick')).toBe(false);
    expect(await taken(data('thick'))).toBe(64n * mebibyte);
    expect((await readFile(data('thick'))).subarray(0, 11).toString()).toBe('the content');
  });

  test('an ext4 that nobody writes to lives on when others have filled its thin pool', async () => {
    await engine.volumes.create(wish('idle', { provisioning: 'thin' }));
    const { path: device } = await engine.node.attach(ref('idle'), { readOnly: false });
    await makeFilesystem(exec, { device, fsType: 'ext4' });
    const before = await taken(at('pool.xfs'));
    await engine.node.secure(ref('idle'), { device, fsType: 'ext4' });
    expect((await taken(at('pool.xfs'))) - before).toBeGreaterThan(3n * mebibyte);
    const target = join(scratch.path, 'idle');
    await mountDevice(exec, { device, target, fsType: 'ext4' });
    const file = join(target, 'file');
    await writeFile(file, 'first');
    await syncFilesystem(exec, target);
    for (const size of ['1M', '4K']) {
      await exec(['dd', 'if=/dev/zero', `of=${at(`fs/${size}`)}`, `bs=${size}`, 'oflag=direct'], { ok: [1] });
    }
    // Each is a commit of its own in the journal.
    for (let round = 1; round <= 8; round++) {
      await utimes(file, round, round);
      await syncFilesystem(exec, target);
    }
    await using handle = await open(file, 'r+');
    await handle.write('again');
    await handle.sync();
    expect(await readFile(file, 'utf8')).toBe('again');
  });
});

test.each([
  ['64M', []],
  ['200G', []],
  ['64M', ['-O', '^has_journal']],
])('the journal of an ext4 of %s, made with %j, is where debugfs finds it', async (size, options) => {
  await using scratch = await makeScratch();
  const file = join(scratch.path, 'image');
  await mkdir(scratch.path, { recursive: true });
  await writeFile(file, '');
  await truncate(file, size === '64M' ? 64 * 2 ** 20 : 200 * 2 ** 30);
  const lazy = ['-E', 'nodiscard,lazy_itable_init=1,lazy_journal_init=1'];
  await exec(['mkfs.ext4', '-q', '-F', ...lazy, ...options, file]);
  const block = Number(/Block size:\s+(\d+)/.exec((await exec(['dumpe2fs', '-h', file])).stdout)?.[1]);
  const { stdout } = await exec(['debugfs', '-R', 'ex <8>', file]);
  // Level, entries, logical range, physical range, length: of the leaves.
  const leaves = [...stdout.matchAll(/^\s*(\d+)\/\s*(\d+)\s+\d+\/\s*\d+\s+\d+ -\s+\d+\s+(\d+) -\s+(\d+)\s/gm)]
    .filter(([, level, depth]) => level === depth)
    .map(([, , , first, last]) => ({
      offset: BigInt(Number(first) * block),
      length: BigInt((Number(last) - Number(first) + 1) * block),
    }));
  expect(leaves.length).toBeGreaterThanOrEqual(options.length > 0 ? 0 : size === '64M' ? 1 : 5);
  expect(await ext4Journal(file)).toEqual(leaves);
});
