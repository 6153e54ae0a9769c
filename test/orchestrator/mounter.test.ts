import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { attachmentName } from '../../src/kubelet/volume-names.ts';
import {
  type Mount,
  mounts,
  persistentVolumeClaims,
  persistentVolumes,
  pools,
  volumeAttachments,
} from '../../src/model/kinds/index.ts';
import { mountAt, readMounts } from '../../src/node/mountinfo.ts';
import { leftovers } from '../support/leftovers.ts';
import { inDefault } from '../support/until-object.ts';
import { fakeName } from './fake-driver.ts';
import { TestWorld } from './world.ts';

let world: TestWorld;
beforeEach(async () => {
  world = await TestWorld.open();
});
afterEach(async () => {
  await world[Symbol.asyncDispose]();
});

const reasonOf = (reason: string) => (mount: Mount | undefined) => mount?.status?.conditions?.[0]?.reason === reason;

describe.skipIf(process.getuid?.() !== 0)('a Mount of a CSI volume', () => {
  beforeEach(async () => {
    await world.driverObject({ attachRequired: false });
    await world.start();
  });

  test('is staged, published, and undone in the reverse order', async () => {
    await world.claimed('data');
    await world.mount('here', 'data');
    const mount = await world.mounted('here');
    expect(mount?.status).toMatchObject({
      node: 'here',
      volume: 'data',
      conditions: [{ type: 'Ready', status: 'True' }],
    });
    await writeFile(world.path('here/file'), 'kept');
    expect(await readFile(join(world.driver.directoryOf('handle-data'), 'file'), 'utf8')).toBe('kept');
    await world.gone('here');
    expect(world.driver.calls).toEqual(['stage', 'publish', 'unpublish', 'unstage']);
    expect(existsSync(world.path('here')), 'the target was ours').toBe(false);
    expect(await leftovers(world.directory)).toEqual([]);
    expect(await readdir(world.path('data/node/mounts'))).toEqual([]);
  });

  test('keeps an empty directory that was there before', async () => {
    await world.claimed('data');
    await mkdir(world.path('here'));
    await world.mount('here', 'data');
    await world.mounted('here');
    await world.gone('here');
    expect(await readdir(world.path('here'))).toEqual([]);
  });

  test('shares one staging with another Mount of the same claim', async () => {
    await world.claimed('data');
    await world.mount('one', 'data');
    await world.mounted('one');
    await world.mount('two', 'data', { readOnly: true });
    await world.mounted('two');
    await expect(writeFile(world.path('two/file'), '')).rejects.toThrow('read-only');
    await world.gone('one');
    expect(world.driver.calls).toEqual(['stage', 'publish', 'publish', 'unpublish']);
    await world.gone('two');
    expect(world.driver.calls.at(-1)).toBe('unstage');
  });

  test('with ReadWriteOncePod comes alone', async () => {
    await world.claimed('data', { accessModes: ['ReadWriteOncePod'] });
    await Promise.all([world.mount('one', 'data'), world.mount('two', 'data')]);
    const phases = async () => {
      const { items } = await world.api.list(mounts);
      return items.map((mount) => mount.status?.phase).sort();
    };
    await expect.poll(phases).toEqual(['Failed', 'Mounted']);
    const { items } = await world.api.list(mounts);
    const winner = items.find((mount) => mount.status?.phase === 'Mounted')?.metadata.name ?? '';
    await world.gone(winner);
    await world.mounted(winner === 'one' ? 'two' : 'one');
  });

  test.each([
    [
      'a directory with something in it',
      async (path: string) => mkdir(join(path, 'x'), { recursive: true }),
      'Invalid',
    ],
    ['a symbolic link', async (path: string) => symlink('/tmp', path), 'Invalid'],
    ['a file', async (path: string) => writeFile(path, 'x'), 'Invalid'],
  ])('is refused at %s, and nothing is done', async (_, make, reason) => {
    await world.claimed('data');
    await make(world.path('here'));
    await world.mount('here', 'data');
    const mount = await world.until(mounts, inDefault('here'), reasonOf(reason));
    expect(mount?.status?.phase).toBe('Failed');
    expect(world.driver.calls).toEqual([]);
    await world.gone('here');
    expect(existsSync(world.path('here'))).toBe(true);
  });

  test.each([
    '/proc/moorage-nope',
    '/proc/self/cwd',
    '/sys/kernel/moorage-nope',
    '/dev/moorage-nope',
    '/dev/shm/moorage-nope',
  ])('is refused at %s, which is of the kernel', async (path) => {
    await world.claimed('data');
    await world.mount('here', 'data', { path });
    const mount = await world.until(mounts, inDefault('here'), reasonOf('Invalid'));
    expect(mount?.status?.conditions?.[0]?.message).toMatch(/can't be used: that is in .*; choose another path$/);
    expect(world.driver.calls).toEqual([]);
  });

  test('is refused in the data directory and in a pool, by whatever path', async () => {
    await mkdir(world.path('pool/inside'), { recursive: true });
    await mkdir(world.path('data/run/mounts'), { recursive: true });
    await symlink('pool', world.path('link'));
    await world.api.create(pools, {
      apiVersion: 'moorage.dev/v1alpha1',
      kind: 'Pool',
      metadata: { name: 'fast' },
      spec: { path: world.path('pool'), engine: 'local', backend: 'auto', preallocate: false, overProvisioning: 1 },
    });
    await world.claimed('data');
    const wrong = { 'data/here': 'the data directory', 'data/run/here': 'the data', 'link/inside/here': 'pool fast' };
    for (const [at, [path, what]] of Object.entries(wrong).entries()) {
      await world.mount(`wrong-${at}`, 'data', { path: world.path(path) });
      const mount = await world.until(mounts, inDefault(`wrong-${at}`), reasonOf('Invalid'));
      expect(mount?.status?.conditions?.[0]?.message).toContain(`that is in ${what}`);
    }
    await world.mount('run', 'data', { path: world.path('data/run/mounts/run') });
    await world.mounted('run');
    await world.gone('run');
  });

  test('is refused inside the volume of another Mount, and where another one is', async () => {
    await world.claimed('data');
    await world.mount('here', 'data');
    await world.mounted('here');
    await world.claimed('more');
    await world.mount('inside', 'more', { path: world.path('here/inside') });
    await world.mount('same', 'more', { path: world.path('here') });
    await world.until(mounts, inDefault('inside'), reasonOf('PathInUse'));
    await world.until(mounts, inDefault('same'), reasonOf('PathInUse'));
    expect(existsSync(world.path('here/inside'))).toBe(false);
  });

  test('waits for its claim', async () => {
    await world.mount('here', 'data');
    await world.until(mounts, inDefault('here'), reasonOf('ClaimNotFound'));
    await world.claimed('data');
    await world.mounted('here');
  });

  test('waits for its driver', async () => {
    world.driver.present = false;
    await world.claimed('data');
    await world.mount('here', 'data');
    const mount = await world.until(mounts, inDefault('here'), reasonOf('NotReady'));
    expect(mount?.status?.conditions?.[0]?.message).toContain('--csi fake.example.com=');
    world.driver.join();
    await world.mounted('here');
  });

  test('that is in use says who holds it, and goes when that ends', async () => {
    await world.claimed('data');
    await world.mount('here', 'data');
    await world.mounted('here');
    const holder = spawn('sleep', ['60'], { cwd: world.path('here') });
    await once(holder, 'spawn');
    await world.api.delete(mounts, inDefault('here'));
    const mount = await world.until(mounts, inDefault('here'), reasonOf('Busy'));
    expect(mount?.status?.phase).toBe('Unmounting');
    expect(mount?.status?.conditions?.[0]?.message).toMatch(new RegExp(`sleep, process ${holder.pid}`));
    holder.kill();
    await world.until(mounts, inDefault('here'), (it) => it === undefined);
  });

  test('keeps its claim until it is gone', async () => {
    await world.claimed('data');
    await world.mount('here', 'data');
    await world.mounted('here');
    await world.api.delete(persistentVolumeClaims, inDefault('data'));
    await world.mount('late', 'data');
    await world.until(mounts, inDefault('late'), reasonOf('ClaimDeleting'));
    expect(await world.api.get(persistentVolumeClaims, inDefault('data'))).toBeDefined();
    await world.gone('here');
    await world.until(persistentVolumeClaims, inDefault('data'), (claim) => claim === undefined);
    await world.until(persistentVolumes, { name: 'data' }, (volume) => volume?.status?.phase === 'Released');
  });

  test('is mounted again after a restart, also when the mount was lost', async () => {
    await world.claimed('data');
    await world.mount('here', 'data');
    await world.mounted('here');
    await world.stop();
    const { exec } = await import('../../src/lib/exec.ts');
    await exec(['umount', world.path('here')]);
    await world.start();
    await expect.poll(async () => (await mountAt(world.path('here'))) !== undefined).toBe(true);
  });

  test('comes off after a restart if it vanished meanwhile', async () => {
    await world.claimed('data');
    await world.mount('here', 'data');
    const mount = await world.mounted('here');
    await world.stop();
    await world.api.delete(mounts, inDefault('here'));
    await world.api.update(mounts, {
      ...mount,
      metadata: { ...mount?.metadata, resourceVersion: undefined, finalizers: [] },
    } as never);
    await world.start();
    await expect.poll(() => leftovers(world.directory)).toEqual([]);
    expect(await readdir(world.path('data/node/mounts'))).toEqual([]);
  });

  test('stays on if it was lost with the store, until one of its name says what is wanted', async () => {
    await world.claimed('data');
    await world.mount('here', 'data');
    const mount = await world.mounted('here');
    await world.stop();
    await world.api.delete(mounts, inDefault('here'));
    await world.api.update(mounts, {
      ...mount,
      metadata: { ...mount?.metadata, resourceVersion: undefined, finalizers: [] },
    } as never);
    await world.start(world.api, new Date());
    await world.mount('there', 'data');
    await world.mounted('there');
    expect(await mountAt(world.path('here'))).toBeDefined();
    expect(await readdir(world.path('data/node/mounts'))).toHaveLength(2);
    await world.mount('here', 'data');
    await world.mounted('here');
    for (const name of ['here', 'there']) await world.api.delete(mounts, inDefault(name));
    await expect.poll(() => leftovers(world.directory)).toEqual([]);
  });

  test('grows its file system when the resizer asks for it', async () => {
    await world.claimed('data');
    await world.mount('here', 'data');
    await world.mounted('here');
    const volume = await world.api.get(persistentVolumes, { name: 'data' });
    await world.api.update(persistentVolumes, {
      ...volume,
      spec: { ...volume?.spec, capacity: { storage: '2Gi' } },
    } as never);
    const claim = await world.api.get(persistentVolumeClaims, inDefault('data'));
    const conditions = [{ type: 'FileSystemResizePending', status: 'True' }];
    await world.api.updateStatus(persistentVolumeClaims, {
      ...claim,
      status: { ...claim?.status, conditions },
    } as never);
    const grown = await world.until(
      persistentVolumeClaims,
      inDefault('data'),
      (it) => it?.status?.capacity?.['storage'] === '2Gi',
    );
    expect(grown?.status?.conditions ?? []).toEqual([]);
    expect(world.driver.calls.filter((call) => call === 'expand')).toHaveLength(1);
    await expect.poll(() => world.told.join()).toContain('FileSystemResizeSuccessful');
  });

  describe('with an owner', () => {
    const owners: ChildProcess[] = [];
    afterEach(() => {
      for (const owner of owners.splice(0)) owner.kill('SIGKILL');
    });
    const own = async (): Promise<ChildProcess> => {
      await writeFile(world.path('lock'), '');
      const owner = spawn('flock', [
        '--exclusive',
        '--no-fork',
        world.path('lock'),
        'sh',
        '-c',
        'echo locked; exec sleep 60',
      ]);
      owners.push(owner);
      await once(owner.stdout, 'data');
      return owner;
    };

    test('goes when the owner is killed, also over a restart', async () => {
      await world.claimed('data');
      const owner = await own();
      await world.mount('here', 'data', { owner: { lockFile: world.path('lock') } });
      await world.mounted('here');
      await world.stop();
      await world.start();
      await world.mounted('here');
      owner.kill('SIGKILL');
      await world.until(mounts, inDefault('here'), (mount) => mount === undefined);
    });

    test('goes at once if nobody is there', async () => {
      await world.claimed('data');
      await world.mount('here', 'data', { owner: { lockFile: world.path('nobody') } });
      await world.until(mounts, inDefault('here'), (mount) => mount === undefined);
    });
  });
});

describe.skipIf(process.getuid?.() !== 0)('a Mount of a volume that must be attached', () => {
  test('waits for the attachment, and gives it back when it is unstaged', async () => {
    await world.start();
    await world.claimed('data');
    await world.mount('here', 'data');
    await world.until(mounts, inDefault('here'), reasonOf('Attaching'));
    const ref = { name: attachmentName('handle-data', fakeName, 'here') };
    const attachment = await world.until(volumeAttachments, ref, (it) => it !== undefined);
    expect(attachment?.spec).toEqual({
      attacher: fakeName,
      nodeName: 'here',
      source: { persistentVolumeName: 'data' },
    });
    const status = { attached: true, attachmentMetadata: { device: '/dev/x' } };
    await world.api.updateStatus(volumeAttachments, { ...attachment, status } as never);
    await world.mounted('here');
    expect(world.driver.requests[0]).toMatchObject({ publishContext: { device: '/dev/x' } });
    world.driver.before = () =>
      expect(world.api.informer(volumeAttachments).get(ref), 'never detached while mounted').toBeDefined();
    await world.gone('here');
    await world.until(volumeAttachments, ref, (it) => it === undefined);
  });
});

describe.skipIf(process.getuid?.() !== 0)('a Mount of a static volume', () => {
  beforeEach(async () => world.start());

  test('of kind local is a bind mount, on its own node only', async () => {
    await mkdir(world.path('disk'));
    const terms = (name: string) => ({
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In' as const, values: [name] }] },
          ],
        },
      },
    });
    await world.claimed('near', { csi: undefined, local: { path: world.path('disk') }, ...terms('here') });
    await world.mount('here', 'near');
    await world.mounted('here');
    await writeFile(world.path('here/file'), 'x');
    expect(await readdir(world.path('disk'))).toEqual(['file']);
    await world.claimed('far', { csi: undefined, local: { path: world.path('disk') }, ...terms('elsewhere') });
    await world.mount('there', 'far');
    await world.until(mounts, inDefault('there'), reasonOf('NodeAffinity'));
    await world.gone('here');
    expect(await readdir(world.path('disk')), 'the data stays').toEqual(['file']);
  });

  test('of kind hostPath takes no directory that is not there, unless told to make it', async () => {
    await world.claimed('strict', { csi: undefined, hostPath: { path: world.path('missing'), type: 'Directory' } });
    await world.mount('one', 'strict');
    await world.until(mounts, inDefault('one'), reasonOf('NotFound'));
    await world.claimed('making', {
      csi: undefined,
      hostPath: { path: world.path('made'), type: 'DirectoryOrCreate' },
    });
    await world.mount('two', 'making');
    await world.mounted('two');
    expect(existsSync(world.path('missing'))).toBe(false);
  });

  test('of kind hostPath or local shows nothing of Moorage itself, and takes only options of the list', async () => {
    const own = { inside: 'data/node', itself: 'data', around: '.' };
    for (const [name, path] of Object.entries(own)) {
      await world.claimed(name, { csi: undefined, hostPath: { path: join(world.directory, path), type: '' } });
      await world.mount(name, name);
      const mount = await world.until(mounts, inDefault(name), reasonOf('Invalid'));
      expect(mount?.status?.conditions?.[0]?.message).toMatch(/(that is in|in it is) the data directory/);
    }
    await mkdir(world.path('disk'));
    await world.claimed('loop', { csi: undefined, local: { path: world.path('disk') }, mountOptions: ['loop'] });
    await world.mount('loop', 'loop', { path: world.path('looped') });
    const mount = await world.until(mounts, inDefault('loop'), reasonOf('Invalid'));
    expect(mount?.status?.conditions?.[0]?.message).toContain('mount option "loop" is not allowed');
    await world.claimed('quiet', {
      csi: undefined,
      local: { path: world.path('disk') },
      mountOptions: ['noatime,nosuid'],
    });
    await world.mount('quiet', 'quiet', { readOnly: true });
    await world.mounted('quiet');
    const found = (await readMounts()).find(({ target }) => target === world.path('quiet'));
    expect(found?.options).toEqual(expect.arrayContaining(['ro', 'noatime', 'nosuid']));
  });

  test('of kind hostPath ends where no directory can be made', async () => {
    await world.claimed('nowhere', { csi: undefined, hostPath: { path: '/proc/nope/x', type: 'DirectoryOrCreate' } });
    await world.mount('here', 'nowhere');
    const mount = await world.until(mounts, inDefault('here'), reasonOf('Invalid'));
    expect(mount?.status?.conditions?.[0]?.message).toMatch(/\/proc\/nope\/x can't be made/);
  });

  test('of another kind says what it would take', async () => {
    await world.claimed('share', { csi: undefined, nfs: { server: 'a', path: '/b' } });
    await world.mount('here', 'share');
    const mount = await world.until(mounts, inDefault('here'), reasonOf('UnsupportedVolumeKind'));
    expect(mount?.status?.conditions?.[0]?.message).toContain('is of kind nfs');
  });
});
