import { mkdir, mkdtemp, open, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { exec } from '../../src/lib/exec.ts';
import {
  checkFilesystem,
  filesystemSize,
  growFilesystem,
  growUnmounted,
  isClean,
  makeFilesystem,
  needsGrowth,
  renewXfsUuid,
} from '../../src/node/filesystem/filesystem.ts';
import { probeDevice } from '../../src/node/filesystem/probe.ts';
import { deviceSize, filesystemStatistics } from '../../src/node/filesystem/statistics.ts';
import { attachLoop, detachLoop, listLoops, loopOf, refreshLoop } from '../../src/node/loop.ts';
import { bindMount, mountDevice, unmount } from '../../src/node/mount.ts';
import { mountAt, readMounts } from '../../src/node/mountinfo.ts';
import { identityOf, walk, wayTo } from '../../src/node/paths/walk.ts';

/** Whether this process has CAP_SYS_RESOURCE, capabilities(7). */
async function mayGrowMounted(): Promise<boolean> {
  const effective = /^CapEff:\s*(\w+)$/m.exec(await readFile('/proc/self/status', 'utf8'))?.[1] ?? '0';
  return (BigInt(`0x${effective}`) & (1n << 24n)) !== 0n;
}

const mebibyte = 1024 * 1024;
let directory: string;
let file: string;

describe.runIf(process.getuid?.() === 0)('devices, file systems and mounts', () => {
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'moorage-node-'));
    file = join(directory, 'disk');
    await writeFile(file, '');
    await truncate(file, 64 * mebibyte);
  });

  afterEach(async () => {
    for (const { target } of (await readMounts()).toReversed()) {
      if (target.startsWith(`${directory}/`)) await unmount(exec, target);
    }
    for (const loop of listLoops()) if (loop.file.startsWith(`${directory}/`)) await detachLoop(exec, loop.file);
    expect(listLoops().some((loop) => loop.file.startsWith(directory))).toBe(false);
    await rm(directory, { recursive: true });
  });

  test('a loop device is found by its file, grows with it, and is made only once', async () => {
    expect(await loopOf(exec, file)).toBeUndefined();
    const device = await attachLoop(exec, file);
    expect(await attachLoop(exec, file)).toBe(device);
    expect(await loopOf(exec, file)).toBe(device);
    expect(await readFile(`/sys/block/${device.slice(5)}/loop/dio`, 'utf8')).toBe('1\n');
    await truncate(file, 128 * mebibyte);
    await refreshLoop(exec, device);
    expect(await deviceSize(device)).toBe(128n << 20n);
    await detachLoop(exec, file);
    await detachLoop(exec, file);
    expect(await loopOf(exec, file)).toBeUndefined();
  });

  test('a loop device that was told to go is used while it is mounted, and made anew once it is gone', async () => {
    const flag = (device: string) => readFile(`/sys/block/${device.slice(5)}/loop/autoclear`, 'utf8');
    const device = await attachLoop(exec, file);
    await makeFilesystem(exec, { device, fsType: 'ext4' });
    const target = join(directory, 'mounted');
    await mountDevice(exec, { device, target, fsType: 'ext4' });
    await exec(['losetup', '--detach', device]);
    expect(await flag(device)).toBe('1\n');
    expect(await attachLoop(exec, file)).toBe(device);
    await unmount(exec, target);
    const next = await attachLoop(exec, file);
    expect(await flag(next)).toBe('0\n');
    // Open, but not mounted: it may go at any moment, and its number then be another file's.
    const opened = await open(next, 'r');
    await exec(['losetup', '--detach', next]);
    await expect(attachLoop(exec, file)).rejects.toThrow(/is being detached \(held by .*try again/);
    await opened.close();
    expect(await flag(await attachLoop(exec, file))).toBe('0\n');
  });

  test('a loop device over the file that was there before is not taken for ours', async () => {
    await attachLoop(exec, file);
    const moved = `${file}.moved`;
    await exec(['mv', file, moved]);
    await writeFile(file, '');
    expect(await loopOf(exec, file)).toBeUndefined();
    expect(await loopOf(exec, moved)).toBeDefined();
  });

  test('a loop device is found after the mount namespace that it was made in is gone, as that of a container', async () => {
    const seen = join(directory, 'seen');
    await mkdir(seen);
    const script = 'mount --bind "$1" "$2" && losetup --find --show --direct-io=on "$2/disk"';
    const { stdout } = await exec(['unshare', '--mount', 'sh', '-ec', script, 'sh', directory, seen]);
    const device = stdout.trim();
    expect(listLoops().find((it) => it.device === device)?.file).toBe('/disk');
    expect(await loopOf(exec, file)).toBe(device);
    expect(await attachLoop(exec, file)).toBe(device);
    const namesake = join(seen, 'disk');
    await writeFile(namesake, '');
    expect(await loopOf(exec, namesake), 'another file of that name').toBeUndefined();
    await detachLoop(exec, file);
    expect(await loopOf(exec, file)).toBeUndefined();
  });

  test('a read-only device becomes writable only when nobody has it', async () => {
    const device = await attachLoop(exec, file, { readOnly: true });
    const holder = await open(device, 'r');
    await expect(attachLoop(exec, file)).rejects.toMatchObject({
      code: 'busy',
      message: expect.stringContaining(`process ${process.pid}`),
    });
    await holder.close();
    await attachLoop(exec, file);
  });

  test('blank, a file system, and what is foreign', async () => {
    const device = await attachLoop(exec, file);
    expect(await probeDevice(exec, device)).toEqual({ kind: 'blank' });
    await makeFilesystem(exec, { device, fsType: 'ext4' });
    expect(await probeDevice(exec, device)).toMatchObject({ kind: 'filesystem', fsType: 'ext4' });
    await exec(['mkswap', '-f', device]);
    expect(await probeDevice(exec, device)).toMatchObject({ kind: 'foreign', what: expect.stringContaining('swap') });
    await expect(probeDevice(exec, '/dev/no-such-device')).rejects.toMatchObject({ code: 'internal' });
  });

  test('a detach says where the device is mounted, and an unmount says who holds on', async () => {
    const device = await attachLoop(exec, file);
    await makeFilesystem(exec, { device, fsType: 'ext4' });
    const target = join(directory, 'a target');
    await mountDevice(exec, { device, target, fsType: 'ext4' });
    await mountDevice(exec, { device, target, fsType: 'ext4' });
    await expect(detachLoop(exec, file)).rejects.toMatchObject({
      code: 'busy',
      message: expect.stringMatching(target),
    });
    const holder = await open(join(target, 'held'), 'w');
    await expect(unmount(exec, target)).rejects.toMatchObject({
      code: 'busy',
      message: expect.stringContaining(`process ${process.pid}`),
    });
    await holder.close();
    await unmount(exec, target);
    await unmount(exec, target);
    expect(await mountAt(target)).toBeUndefined();
  });

  test('a device is not mounted over another mount', async () => {
    const target = join(directory, 'target');
    await mkdir(join(directory, 'other'));
    await bindMount(exec, join(directory, 'other'), target);
    const device = await attachLoop(exec, file);
    await expect(mountDevice(exec, { device, target, fsType: 'ext4' })).rejects.toMatchObject({ code: 'in-use' });
  });

  test('bind mounts: twice is once, read-only is, and stacked ones all come off', async () => {
    const [source, target] = [join(directory, 'source'), join(directory, 'target')];
    await mkdir(source);
    await bindMount(exec, source, target);
    await bindMount(exec, source, target);
    expect((await readMounts()).filter((mount) => mount.target === target)).toHaveLength(1);
    await bindMount(exec, source, target, { readOnly: true });
    await expect(writeFile(join(target, 'x'), '')).rejects.toMatchObject({ code: 'EROFS' });
    await exec(['mount', '--bind', source, target]);
    await unmount(exec, target);
    expect(await mountAt(target)).toBeUndefined();
  });

  test('raw block: the device node appears at a file, and keeps the device from being detached', async () => {
    const device = await attachLoop(exec, file);
    const target = join(directory, 'block');
    await bindMount(exec, device, target, { file: true });
    await bindMount(exec, device, target, { file: true });
    expect((await stat(target)).isBlockDevice()).toBe(true);
    expect(await deviceSize(target)).toBe(64n << 20n);
    await expect(detachLoop(exec, file)).rejects.toMatchObject({ code: 'busy' });
    await unmount(exec, target);
    await detachLoop(exec, file);
  });

  test('ext4 grows while it is not mounted', async () => {
    const device = await attachLoop(exec, file);
    await makeFilesystem(exec, { device, fsType: 'ext4' });
    await truncate(file, 128 * mebibyte);
    await refreshLoop(exec, device);
    await growUnmounted(exec, device);
    await growUnmounted(exec, device);
    expect(await filesystemSize(device, 'ext4')).toBe(128n << 20n);
  });

  test('ext4 grows while it is mounted, or says which capability that takes', async () => {
    const device = await attachLoop(exec, file);
    await makeFilesystem(exec, { device, fsType: 'ext4' });
    await truncate(file, 128 * mebibyte);
    await refreshLoop(exec, device);
    const target = join(directory, 'target');
    await mountDevice(exec, { device, target, fsType: 'ext4' });
    const mayGrow = await mayGrowMounted();
    const grown = growFilesystem(exec, { device, target, fsType: 'ext4' });
    if (mayGrow) await grown;
    else await expect(grown).rejects.toMatchObject({ code: 'permission', message: expect.stringMatching('RESOURCE') });
  });

  test('xfs grows online to the size of its device', async () => {
    const [fsType, size] = ['xfs', 320] as const;
    await truncate(file, size * mebibyte);
    const device = await attachLoop(exec, file);
    await makeFilesystem(exec, { device, fsType });
    await checkFilesystem(exec, device, fsType);
    expect(await needsGrowth(device, fsType)).toBe(false);
    await truncate(file, 2 * size * mebibyte);
    await refreshLoop(exec, device);
    expect(await needsGrowth(device, fsType)).toBe(true);
    const target = join(directory, 'target');
    await mountDevice(exec, { device, target, fsType });
    const before = await filesystemStatistics(target);
    await growFilesystem(exec, { device, target, fsType });
    await growFilesystem(exec, { device, target, fsType });
    const after = await filesystemStatistics(target);
    expect(after.available).toBeGreaterThan((before.available * 18n) / 10n);
    await unmount(exec, target);
    expect(await filesystemSize(device, fsType)).toBe(BigInt(2 * size * mebibyte));
  });

  test('a device too small for XFS is refused before anything is written', async () => {
    const device = await attachLoop(exec, file);
    await expect(makeFilesystem(exec, { device, fsType: 'xfs' })).rejects.toMatchObject({ code: 'invalid' });
    expect(await probeDevice(exec, device)).toEqual({ kind: 'blank' });
  });

  test('mkfs does not write over a file system, unless our own was cut off', async () => {
    await truncate(file, 320 * mebibyte);
    const device = await attachLoop(exec, file);
    await makeFilesystem(exec, { device, fsType: 'xfs' });
    await expect(makeFilesystem(exec, { device, fsType: 'xfs' })).rejects.toThrow(/existing filesystem/);
    await makeFilesystem(exec, { device, fsType: 'xfs', force: true });
    await makeFilesystem(exec, { device, fsType: 'ext4', force: true });
  });

  test('an XFS with work in its log gets a UUID of its own', async () => {
    await truncate(file, 320 * mebibyte);
    const device = await attachLoop(exec, file);
    await makeFilesystem(exec, { device, fsType: 'xfs' });
    const target = join(directory, 'target');
    await mountDevice(exec, { device, target, fsType: 'xfs' });
    await writeFile(join(target, 'kept'), 'content');
    await exec(['sync', '-f', target]);
    const copy = join(directory, 'copy');
    await exec(['cp', '--sparse=always', file, copy]);
    const clone = await attachLoop(exec, copy);
    await renewXfsUuid(exec, clone);
    await mountDevice(exec, { device: clone, target: join(directory, 'second'), fsType: 'xfs' });
    expect(await readFile(join(directory, 'second', 'kept'), 'utf8')).toBe('content');
  });

  test('a place knows what it is in, also where a directory is mounted in itself', async () => {
    await mkdir(join(directory, 'outer/inner'), { recursive: true });
    const [outer, inner] = [join(directory, 'outer'), join(directory, 'outer/inner')];
    await exec(['mount', '--bind', outer, inner]);
    await using place = await walk(join(inner, 'new'));
    const identity = async (path: string) => identityOf(await stat(path, { bigint: true }));
    const expected = await Promise.all([inner, outer, directory].map(identity));
    expect((await wayTo(place)).slice(0, 3)).toEqual(expected);
    expect(expected[0]).toBe(expected[1]);
  });

  test('an ext4 says whether a check has anything to do', async () => {
    const device = await attachLoop(exec, file);
    await makeFilesystem(exec, { device, fsType: 'ext4' });
    expect(await isClean(device, 'ext4')).toBe(true);
    const target = join(directory, 'target');
    await mountDevice(exec, { device, target, fsType: 'ext4' });
    await writeFile(join(target, 'kept'), 'content');
    await exec(['sync', '-f', target]);
    // What a power cut leaves.
    const copy = join(directory, 'copy');
    await exec(['cp', '--sparse=always', file, copy]);
    await unmount(exec, target);
    expect(await isClean(device, 'ext4')).toBe(true);
    const cut = await attachLoop(exec, copy);
    expect(await isClean(cut, 'ext4')).toBe(false);
    await checkFilesystem(exec, cut, 'ext4');
    expect(await isClean(cut, 'ext4')).toBe(true);
    await exec(['tune2fs', '-c', '1', '-C', '2', cut]);
    expect(await isClean(cut, 'ext4'), 'a check is due').toBe(false);
    await checkFilesystem(exec, cut, 'ext4');
    await exec(['debugfs', '-w', '-R', 'set_super_value error_count 1', cut]);
    expect(await isClean(cut, 'ext4'), 'an error was seen').toBe(false);
  });

  test('a file system that is beyond repair without a person is named so', async () => {
    const device = await attachLoop(exec, file);
    await makeFilesystem(exec, { device, fsType: 'ext4' });
    await detachLoop(exec, file);
    const raw = await open(file, 'r+');
    await raw.write(Buffer.alloc(2 * mebibyte, 0xff), 0, 2 * mebibyte, 2048);
    await raw.close();
    const again = await attachLoop(exec, file);
    await expect(checkFilesystem(exec, again, 'ext4')).rejects.toMatchObject({ code: 'corrupted' });
  });
});
