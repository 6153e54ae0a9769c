import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Engines } from '../../src/engines/engine.ts';
import { openEngines } from '../../src/engines/engines.ts';
import { exec } from '../../src/lib/exec.ts';
import { silent } from '../../src/lib/log.ts';
import { type Pool, pools, volumes } from '../../src/model/kinds/moorage.ts';
import { makeFilesystem } from '../../src/node/filesystem/filesystem.ts';
import { listLoops } from '../../src/node/loop.ts';
import { bindMount, mountDevice, unmount } from '../../src/node/mount.ts';
import { readMounts } from '../../src/node/mountinfo.ts';
import { syncFilesystem } from '../../src/node/sync.ts';
import { node, openStorageHalf } from '../csi/storage-half.ts';
import { makeScratch, poolOf } from './local-scratch.ts';

const ref = { pool: 'p', name: 'a' };
const wish = { ...ref, uid: 'uid-a', size: 64n << 20n, provisioning: 'thin' } as const;

describe.runIf(process.getuid?.() === 0)('a pool whose file system has shut down', () => {
  let scratch: Awaited<ReturnType<typeof makeScratch>>;
  let engine: Engines;
  let pool: Pool;
  const open = () => openEngines({ dataDir: scratch.path, exec, log: silent });
  const root = () => join(scratch.path, 'pools/p/fs');
  const shutDown = (path: string) => exec(['xfs_io', '-x', '-c', 'shutdown', path]);
  beforeEach(async () => {
    scratch = await makeScratch();
    engine = open();
    pool = poolOf('p', { size: '1Gi' });
  });
  afterEach(async () => {
    const { path } = scratch;
    await scratch[Symbol.asyncDispose]();
    expect(listLoops().filter(({ file }) => file.startsWith(path))).toEqual([]);
  });

  /** A volume that is mounted, and once more elsewhere, with a file on it, on a pool that has shut down since. */
  async function brokenUnderUse() {
    await engine.pools.open(pool);
    await engine.volumes.create(wish);
    const { path: device } = await engine.node.attach(ref, { readOnly: false });
    await makeFilesystem(exec, { device, fsType: 'ext4' });
    const [staging, target] = [join(scratch.path, 'staging'), join(scratch.path, 'target')];
    await mountDevice(exec, { device, target: staging, fsType: 'ext4' });
    await bindMount(exec, staging, target);
    await writeFile(join(target, 'file'), 'kept');
    await syncFilesystem(exec, target);
    await shutDown(root());
    return { device, staging, target };
  }
  async function expectKept() {
    const { path: device } = await engine.node.attach(ref, { readOnly: false });
    const again = join(scratch.path, 'again');
    await mountDevice(exec, { device, target: again, fsType: 'ext4' });
    expect(await readFile(join(again, 'file'), 'utf8')).toBe('kept');
    await unmount(exec, again);
    await engine.node.detach(ref);
  }

  test('is found so, takes nothing new, and says what is on it', async () => {
    const { target } = await brokenUnderUse();
    await expect(engine.pools.capacity('p')).rejects.toMatchObject({
      code: 'corrupted',
      message: expect.stringMatching(/^pool p: its file system on \/dev\/loop\d+ has shut down or takes no writes/),
    });
    expect(engine.pools.list()).toEqual([]);
    await expect(engine.volumes.create({ ...wish, name: 'b' })).rejects.toMatchObject({ code: 'not-ready' });
    await expect(engine.pools.open(pool)).rejects.toThrow(`On it are volume a at ${target}: unmount them`);
    await expect(engine.pools.close('p')).rejects.toMatchObject({ code: 'busy' });
  });

  test('is mounted again once its volumes are let go', async () => {
    const { staging, target } = await brokenUnderUse();
    await expect(engine.pools.open(pool)).rejects.toMatchObject({ code: 'corrupted' });
    await unmount(exec, target);
    await unmount(exec, staging);
    await engine.node.detach(ref);
    expect(await engine.pools.open(pool)).toMatchObject({ backend: 'image' });
    await expectKept();
  });

  test('is taken off with all that is on it by the next process, and mounted again', async () => {
    const { device, staging, target } = await brokenUnderUse();
    engine = open();
    await engine.pools.open(pool);
    const mounted = (await readMounts()).map((it) => it.target);
    expect(mounted).not.toContain(staging);
    expect(mounted).not.toContain(target);
    expect(listLoops().filter((loop) => loop.device === device && loop.file.endsWith('/a/data'))).toEqual([]);
    await expectKept();
  });

  test('stays as it is while a program uses a volume on it, which is named', async () => {
    const { target } = await brokenUnderUse();
    const program = spawn('sleep', ['infinity'], { cwd: target });
    await once(program, 'spawn');
    engine = open();
    await expect(engine.pools.open(pool)).rejects.toThrow(`unmounting ${target}: it is in use (held by sleep, process`);
    program.kill('SIGKILL');
    await once(program, 'exit');
    await engine.pools.open(pool);
    await expectKept();
  });

  test('is told from one that is only full', async () => {
    pool = poolOf('p', { size: '310Mi' });
    await engine.pools.open(pool);
    for (const size of ['1M', '4K']) {
      await exec(['dd', 'if=/dev/zero', `of=${join(root(), size)}`, `bs=${size}`], { ok: [1] });
    }
    engine = open();
    await engine.pools.open(pool);
    expect((await engine.pools.capacity('p')).available).toBeLessThan(1n << 20n);
  });

  test('is not Ready, and neither are its volumes, until it is there again', async () => {
    const dataDir = join(scratch.path, 'data');
    await mkdir(dataDir, { mode: 0o700 });
    await using half = await openStorageHalf(dataDir, { backend: 'image' });
    const spec = { pool: 'default', size: '64Mi', mode: 'Filesystem', provisioning: 'thin' } as const;
    const metadata = { name: 'v' };
    await half.api.create(volumes, { apiVersion: 'moorage.dev/v1alpha1', kind: 'Volume', metadata, spec });
    const phase = async () => (await half.api.get(pools, { name: 'default' }))?.status?.phase;
    const ready = async () =>
      (await half.api.get(volumes, { name: 'v' }))?.status?.conditions?.find(({ type }) => type === 'Ready');
    await expect.poll(ready).toMatchObject({ status: 'True', reason: 'Created' });
    await half.engine.node.attach({ pool: 'default', name: 'v' }, { readOnly: false });
    await shutDown(join(dataDir, 'pools/default/fs'));
    // A change of the object has it looked at at once.
    const touch = async (overProvisioning: number) => {
      const now = await half.api.get(pools, { name: 'default' });
      if (now) await half.api.update(pools, { ...now, spec: { ...now.spec, node, overProvisioning } });
    };
    await touch(2);
    await expect.poll(phase).toBe('Failed');
    await expect.poll(ready).toMatchObject({
      status: 'False',
      reason: 'PoolNotReady',
      message: expect.stringContaining('has shut down'),
    });
    await half.engine.node.detach({ pool: 'default', name: 'v' });
    await touch(1);
    await expect.poll(phase).toBe('Ready');
    await expect.poll(ready).toMatchObject({ status: 'True', reason: 'Created' });
  });
});
