import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { VolumeCapability_AccessMode_Mode as Mode } from '../src/csi/protocol/csi_pb.ts';
import { connectCsi } from '../src/csi/transport/client.ts';
import { exec } from '../src/lib/exec.ts';
import { snapshots, volumes } from '../src/model/kinds/moorage.ts';
import { unmount } from '../src/node/mount.ts';
import { readMounts } from '../src/node/mountinfo.ts';
import { node, openStorageHalf, type StorageHalf } from './csi/storage-half.ts';
import { makeScratch } from './engines/local-scratch.ts';
import { leftovers } from './support/leftovers.ts';

const isRoot = process.getuid?.() === 0;
const MiB = 1n << 20n;
const hasResize =
  Number.parseInt(/CapEff:\s*(\w+)/.exec(await readFile('/proc/self/status', 'utf8'))?.[1]?.slice(-8) ?? '', 16) &
  (1 << 24);

function mounted(mode: Mode = Mode.SINGLE_NODE_WRITER) {
  return { accessMode: { mode }, accessType: { case: 'mount' as const, value: {} } };
}
function block(mode: Mode = Mode.SINGLE_NODE_WRITER) {
  return { accessMode: { mode }, accessType: { case: 'block' as const, value: {} } };
}

describe.skipIf(!isRoot)('the driver with the image backend', () => {
  let scratch: Awaited<ReturnType<typeof makeScratch>>;
  let half: StorageHalf;
  beforeAll(async () => {
    scratch = await makeScratch();
    half = await openStorageHalf(join(scratch.path, 'data'), { backend: 'image' });
  });
  afterAll(async () => {
    await half[Symbol.asyncDispose]();
    expect((await leftovers(scratch.path)).filter((it) => !it.includes('/pools/default'))).toEqual([]);
    await scratch[Symbol.asyncDispose]();
  });

  const staging = (name: string) => join(scratch.path, 'staging', name);
  const target = (name: string) => join(scratch.path, 'targets', name);
  async function create(name: string, parameters: Record<string, string> = {}, more: object = {}) {
    const request = {
      name,
      parameters,
      capacityRange: { requiredBytes: 400n * MiB },
      volumeCapabilities: [mounted()],
      ...more,
    };
    return (await half.client.controller.createVolume(request)).volume;
  }
  async function use(
    volumeId: string,
    volumeCapability = mounted() as ReturnType<typeof mounted> | ReturnType<typeof block>,
  ) {
    const request = { volumeId, stagingTargetPath: staging(volumeId), volumeCapability };
    await half.client.node.nodeStageVolume(request);
    await half.client.node.nodePublishVolume({ ...request, targetPath: target(volumeId) });
    return target(volumeId);
  }
  async function letGo(volumeId: string) {
    await half.client.node.nodeUnpublishVolume({ volumeId, targetPath: target(volumeId) });
    await half.client.node.nodeUnstageVolume({ volumeId, stagingTargetPath: staging(volumeId) });
  }
  const attachments = async (name: string) => (await half.api.get(volumes, { name }))?.status?.attachments ?? [];

  test.for(['ext4', 'xfs'])('formats a new %s once, and keeps what is written through restarts', async (fsType) => {
    const volume = await create(`life-${fsType}`, { fsType });
    const id = volume?.volumeId ?? '';
    expect(volume).toMatchObject({ capacityBytes: 400n * MiB });
    const path = await use(id);
    expect((await readMounts()).find((mount) => mount.target === path)?.fsType).toBe(fsType);
    await writeFile(join(path, 'file'), 'precious');
    expect(await attachments(id)).toMatchObject([{ node, mode: 'ReadWrite' }]);

    // Nothing but the objects and the records is carried over.
    await half[Symbol.asyncDispose]();
    half = await openStorageHalf(join(scratch.path, 'data'), { backend: 'image' });
    await use(id);
    await use(id);
    expect((await readMounts()).filter((mount) => mount.target === path)).toHaveLength(1);
    const { usage } = await half.client.node.nodeGetVolumeStats({ volumeId: id, volumePath: path });
    expect(usage[0]?.total).toBeGreaterThan(300n * MiB);

    // Cut off between the two halves of letting it go: a kubelet that asks then is told, not frightened.
    await unmount(exec, path);
    await rm(path, { recursive: true });
    await expect(half.client.node.nodeGetVolumeStats({ volumeId: id, volumePath: path })).rejects.toMatchObject({
      status: status.NOT_FOUND,
    });
    await letGo(id);
    await letGo(id);
    expect(await attachments(id)).toEqual([]);
    expect((await leftovers(scratch.path)).filter((it) => it.includes(id))).toEqual([]);
    await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });

    expect(await readFile(join(await use(id), 'file'), 'utf8')).toBe('precious');
    await expect(half.client.controller.deleteVolume({ volumeId: id })).rejects.toMatchObject({
      status: status.FAILED_PRECONDITION,
      message: expect.stringContaining(node),
    });
    await letGo(id);
    await half.client.controller.deleteVolume({ volumeId: id });
    expect(await half.api.get(volumes, { name: id })).toBeUndefined();
  });

  test.for(['ext4', 'xfs'])(
    'mounts a larger copy of a snapshot of %s beside its source, and fills it',
    async (fsType) => {
      const id = (await create(`source-${fsType}`, { fsType }))?.volumeId ?? '';
      await writeFile(join(await use(id), 'file'), 'as it was');
      const { snapshot } = await half.client.controller.createSnapshot({ name: `snap-${fsType}`, sourceVolumeId: id });
      expect(snapshot).toMatchObject({ readyToUse: true, sourceVolumeId: id, sizeBytes: 400n * MiB });
      await writeFile(join(target(id), 'file'), 'later');

      const snapshotId = snapshot?.snapshotId ?? '';
      const copy = await create(
        `copy-${fsType}`,
        {},
        {
          capacityRange: { requiredBytes: 800n * MiB },
          volumeContentSource: { type: { case: 'snapshot', value: { snapshotId } } },
        },
      );
      expect(copy?.contentSource?.type.value).toMatchObject({ snapshotId });
      const copyId = copy?.volumeId ?? '';
      const path = await use(copyId);
      expect(await readFile(join(path, 'file'), 'utf8')).toBe('as it was');
      const { usage } = await half.client.node.nodeGetVolumeStats({ volumeId: copyId, volumePath: path });
      expect(usage[0]?.total).toBeGreaterThan(650n * MiB);

      for (const volumeId of [copyId, id]) {
        await letGo(volumeId);
        await half.client.controller.deleteVolume({ volumeId });
      }
      await half.client.controller.deleteSnapshot({ snapshotId });
      expect(await half.api.get(snapshots, { name: snapshotId })).toBeUndefined();
    },
  );

  test('grows XFS while it is mounted, and ext4 then or, where the kernel does not allow that, at the next staging', async () => {
    for (const fsType of ['xfs', 'ext4']) {
      const id = (await create(`grow-${fsType}`, { fsType }))?.volumeId ?? '';
      const path = await use(id);
      const capacityRange = { requiredBytes: 800n * MiB };
      const grown = await half.client.controller.controllerExpandVolume({ volumeId: id, capacityRange });
      expect(grown).toMatchObject({ capacityBytes: 800n * MiB, nodeExpansionRequired: true });
      const expanded = half.client.node.nodeExpandVolume({ volumeId: id, volumePath: path, capacityRange });
      if (fsType === 'xfs' || hasResize) expect(await expanded).toMatchObject({ capacityBytes: 800n * MiB });
      else {
        await expect(expanded).rejects.toMatchObject({ code: 'permission' });
        await letGo(id);
        await use(id);
      }
      const { usage } = await half.client.node.nodeGetVolumeStats({ volumeId: id, volumePath: path });
      expect(usage[0]?.total).toBeGreaterThan(650n * MiB);
      await letGo(id);
      await half.client.controller.deleteVolume({ volumeId: id });
    }
  });

  test('gives raw block as a device, and the size that it grows to', async () => {
    const id = (await create('raw', {}, { volumeCapabilities: [block()] }))?.volumeId ?? '';
    const path = await use(id, block());
    expect((await stat(path)).isBlockDevice()).toBe(true);
    const file = await open(path, 'r+');
    await file.write('bytes', 0);
    await file.sync();
    await file.close();
    const capacityRange = { requiredBytes: 500n * MiB };
    const grown = await half.client.controller.controllerExpandVolume({ volumeId: id, capacityRange });
    expect(grown.nodeExpansionRequired).toBe(false);
    const { usage } = await half.client.node.nodeGetVolumeStats({ volumeId: id, volumePath: path });
    expect(usage[0]?.total).toBe(500n * MiB);
    await expect(use(id, mounted())).rejects.toMatchObject({ code: 'invalid' });
    await letGo(id);
    await half.client.controller.deleteVolume({ volumeId: id });
  });

  test('mounts a reader-only volume from a device that takes no writes', async () => {
    const id = (await create('reader'))?.volumeId ?? '';
    await writeFile(join(await use(id), 'file'), 'read me');
    await letGo(id);
    const path = await use(id, mounted(Mode.SINGLE_NODE_READER_ONLY));
    expect(await readFile(join(path, 'file'), 'utf8')).toBe('read me');
    await expect(writeFile(join(path, 'other'), '')).rejects.toMatchObject({ code: 'EROFS' });
    const attached = await half.engine.node.attached({ pool: 'default', name: id });
    const { stdout } = await exec(['blockdev', '--getro', attached?.path ?? '']);
    expect(stdout.trim()).toBe('1');
    await expect(use(id)).rejects.toMatchObject({ status: status.ALREADY_EXISTS });
    await letGo(id);
    await half.client.controller.deleteVolume({ volumeId: id });
  });

  test('goes on where staging was cut off right after its mount', async () => {
    const id = (await create('whole', { fsType: 'xfs' }))?.volumeId ?? '';
    await writeFile(join(await use(id), 'file'), 'read me');
    await letGo(id);
    const copyOf = { volumeContentSource: { type: { case: 'volume', value: { volumeId: id } } } };
    const copyId =
      (await create('cut-off', {}, { ...copyOf, capacityRange: { requiredBytes: 800n * MiB } }))?.volumeId ?? '';
    // As an agent leaves it that is killed then: attached and mounted, and neither as large nor as read-only as it has to be.
    const mountOnly = async (name: string) => {
      const attached = await half.engine.node.attach({ pool: 'default', name }, { readOnly: false });
      await mkdir(staging(name), { recursive: true });
      await exec(['mount', '-o', 'nouuid', attached.path, staging(name)]);
    };

    await mountOnly(copyId);
    const path = await use(copyId);
    const { usage } = await half.client.node.nodeGetVolumeStats({ volumeId: copyId, volumePath: path });
    expect(usage[0]?.total).toBeGreaterThan(650n * MiB);
    expect(await readFile(join(path, 'file'), 'utf8')).toBe('read me');
    await letGo(copyId);

    await mountOnly(id);
    await use(id, mounted(Mode.SINGLE_NODE_READER_ONLY));
    await expect(writeFile(join(staging(id), 'other'), '')).rejects.toMatchObject({ code: 'EROFS' });
    const attached = await half.engine.node.attached({ pool: 'default', name: id });
    expect((await exec(['blockdev', '--getro', attached?.path ?? ''])).stdout.trim()).toBe('1');
    await letGo(id);
    for (const volumeId of [copyId, id]) await half.client.controller.deleteVolume({ volumeId });
  });

  test('has a file system checked that can not be mounted, though it calls itself clean', async () => {
    const id = (await create('damaged'))?.volumeId ?? '';
    await use(id);
    await letGo(id);
    const { path } = await half.engine.node.attach({ pool: 'default', name: id }, { readOnly: false });
    // All behind the superblock: the descriptors of what is where.
    const dd = ['dd', 'if=/dev/urandom', `of=${path}`, 'bs=2048', 'seek=1', 'count=1024', 'status=none'] as const;
    await exec([...dd, 'oflag=direct', 'conv=notrunc']);
    await expect(use(id)).rejects.toMatchObject({
      status: status.DATA_LOSS,
      message: expect.stringContaining('e2fsck -n'),
    });
    await half.client.controller.deleteVolume({ volumeId: id });
  });

  test('refuses a second node, naming the one that has the volume, and leaves nothing', async () => {
    const id = (await create('taken'))?.volumeId ?? '';
    const attachment = { node: 'elsewhere', mode: 'ReadWrite', since: '2026-01-01T00:00:00Z' } as const;
    const attach = async (list: readonly object[]) => {
      const body = { status: { attachments: list } };
      await half.api.patch(volumes, { name: id }, { type: 'merge', body }, { subresource: 'status' });
    };
    await attach([attachment]);
    await expect(use(id)).rejects.toMatchObject({
      status: status.FAILED_PRECONDITION,
      message: expect.stringContaining('elsewhere has it'),
    });
    expect(await attachments(id)).toEqual([attachment]);
    expect((await leftovers(scratch.path)).filter((it) => it.includes(id))).toEqual([]);
    await attach([]);
    await half.client.controller.deleteVolume({ volumeId: id });
  });

  test.for(['on its disk', 'in the cache of its device only'])(
    'never formats what it did not find blank: %s',
    async (where) => {
      const id = (await create(`foreign-${where.length}`))?.volumeId ?? '';
      const ref = { pool: 'default', name: id };
      const image = join(scratch.path, 'theirs');
      await writeFile(image, '');
      await exec(['mkfs.ext4', '-q', '-U', '11111111-2222-3333-4444-555555555555', image, '400M']);
      const attached = await half.engine.node.attach(ref, { readOnly: false });
      const dd = ['dd', `if=${image}`, `of=${attached.path}`, 'bs=64K', 'count=1', 'status=none'] as const;
      if (where === 'on its disk') {
        await exec([...dd, 'conv=fsync']);
        await half.engine.node.detach(ref);
        await expect(use(id)).rejects.toMatchObject({ status: status.DATA_LOSS });
      } else {
        // What was written is written back when the last of those who have it open ends.
        await using _ = await open(attached.path, 'r');
        await exec(dd);
        await expect(use(id)).rejects.toMatchObject({ status: status.DATA_LOSS });
      }
      await half.client.node.nodeUnstageVolume({ volumeId: id, stagingTargetPath: staging(id) });
      expect((await leftovers(scratch.path)).filter((it) => it.includes(id))).toEqual([]);
      const again = await half.engine.node.attach(ref, { readOnly: true });
      const { stdout } = await exec(['blkid', '-p', '-o', 'value', '-s', 'UUID', again.path]);
      expect(stdout.trim()).toBe('11111111-2222-3333-4444-555555555555');
      await half.engine.node.detach(ref);
      await half.client.controller.deleteVolume({ volumeId: id });
    },
  );

  test('gives raw block that takes no writes, while nobody has it for writing', async () => {
    const id = (await create('raw-read', {}, { volumeCapabilities: [block()] }))?.volumeId ?? '';
    const request = { volumeId: id, stagingTargetPath: staging(id), volumeCapability: block() };
    const publish = (name: string, readonly: boolean) =>
      half.client.node.nodePublishVolume({ ...request, targetPath: target(name), readonly });
    const unpublish = (name: string) => half.client.node.nodeUnpublishVolume({ ...request, targetPath: target(name) });
    const write = async (name: string) => {
      await using device = await open(target(name), 'r+');
      await device.write('written');
      await device.sync();
    };
    await half.client.node.nodeStageVolume(request);
    await publish('raw-one', true);
    await publish('raw-one', true);
    await publish('raw-two', true);
    await expect(write('raw-one')).rejects.toMatchObject({ code: expect.stringMatching(/EACCES|EPERM|EROFS/) });
    await expect(publish('raw-three', false)).rejects.toMatchObject({
      status: status.FAILED_PRECONDITION,
      message: expect.stringContaining(`read-only at ${target('raw-one')}, and can't be both`),
    });

    // After a restart it is staged and published as it was.
    await half[Symbol.asyncDispose]();
    half = await openStorageHalf(join(scratch.path, 'data'), { backend: 'image' });
    await half.client.node.nodeStageVolume(request);
    await publish('raw-one', true);
    await expect(write('raw-one')).rejects.toMatchObject({ code: expect.stringMatching(/EACCES|EPERM|EROFS/) });

    for (const name of ['raw-one', 'raw-two']) await unpublish(name);
    await publish('raw-three', false);
    await write('raw-three');
    await expect(publish('raw-one', true)).rejects.toMatchObject({ status: status.FAILED_PRECONDITION });
    await unpublish('raw-three');
    await publish('raw-one', true);
    await using device = await open(target('raw-one'), 'r');
    expect((await device.read(Buffer.alloc(7), 0, 7, 0)).buffer.toString()).toBe('written');
    await device.close();
    await unpublish('raw-one');
    await half.client.node.nodeUnstageVolume(request);
    await half.client.controller.deleteVolume({ volumeId: id });
  });

  test.for([
    'nobody-knows-it',
    '../../etc',
    'a/b',
    '/',
    '..',
    'Not A Name',
    'x'.repeat(300),
    `${'n'.repeat(250)}`,
    'nul\0inside',
    '\u{1f4a3}',
  ])('has nothing to do for the handle %j, and says so', async (handle) => {
    const path = target('not-ours');
    await mkdir(join(path, 'kept'), { recursive: true });
    const { node: nodes, controller } = half.client;
    await nodes.nodeUnpublishVolume({ volumeId: handle, targetPath: path });
    await nodes.nodeUnpublishVolume({ volumeId: handle, targetPath: join(path, 'kept') });
    await nodes.nodeUnpublishVolume({ volumeId: handle, targetPath: '/proc/nope/x' });
    await nodes.nodeUnstageVolume({ volumeId: handle, stagingTargetPath: path });
    await controller.controllerUnpublishVolume({ volumeId: handle, nodeId: node });
    await controller.deleteVolume({ volumeId: handle });
    await controller.deleteSnapshot({ snapshotId: handle });
    await expect(nodes.nodeGetVolumeStats({ volumeId: handle, volumePath: path })).rejects.toMatchObject({
      status: status.NOT_FOUND,
    });
    // An empty directory of somebody else is not ours either.
    expect((await stat(join(path, 'kept'))).isDirectory()).toBe(true);
    await rm(path, { recursive: true });
  });

  test('takes away only what publishing put there', async () => {
    const [id, other] = [(await create('mine'))?.volumeId ?? '', (await create('other'))?.volumeId ?? ''];
    const path = await use(id);
    const theirs = await use(other);
    const unpublish = (volumeId: string, targetPath: string) =>
      half.client.node.nodeUnpublishVolume({ volumeId, targetPath });

    // Another volume's mount, by a wrong path.
    await unpublish(id, theirs);
    expect((await readMounts()).some((mount) => mount.target === theirs)).toBe(true);

    // Something that was mounted over it: first that has to go.
    await exec(['mount', '-t', 'tmpfs', 'theirs', path]);
    await expect(unpublish(id, path)).rejects.toMatchObject({
      message: expect.stringMatching(/theirs is mounted over it/),
    });
    await exec(['umount', path]);

    // Something in its place: that stays, mounted or not.
    await exec(['umount', path]);
    await exec(['mount', '-t', 'tmpfs', 'theirs', path]);
    await writeFile(join(path, 'file'), '');
    await unpublish(id, path);
    expect((await stat(join(path, 'file'))).isFile()).toBe(true);
    await exec(['umount', path]);
    await use(id);
    await exec(['umount', path]);
    await writeFile(join(path, 'file'), 'kept');
    await unpublish(id, path);
    expect(await readFile(join(path, 'file'), 'utf8')).toBe('kept');
    await rm(path, { recursive: true });

    // One whose record was lost is still known by its looks.
    await use(id);
    await half[Symbol.asyncDispose]();
    await rm(join(scratch.path, 'data', 'node', `${id}.json`));
    half = await openStorageHalf(join(scratch.path, 'data'), { backend: 'image' });
    await unpublish(id, path);
    await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
    await unmount(exec, staging(id));
    await half.engine.node.detach({ pool: 'default', name: id });
    await letGo(id);
    await letGo(other);
    for (const volumeId of [id, other]) await half.client.controller.deleteVolume({ volumeId });
  });

  test('lets one target at a time have a single writer, and several have it otherwise', async () => {
    for (const mode of [Mode.SINGLE_NODE_SINGLE_WRITER, Mode.SINGLE_NODE_MULTI_WRITER]) {
      const id = (await create(`writers-${mode}`, {}, { volumeCapabilities: [mounted(mode)] }))?.volumeId ?? '';
      const volumeCapability = mounted(mode);
      await use(id, volumeCapability);
      const second = { volumeId: id, stagingTargetPath: staging(id), targetPath: target(`${id}-b`), volumeCapability };
      if (mode === Mode.SINGLE_NODE_SINGLE_WRITER) {
        await expect(half.client.node.nodePublishVolume(second)).rejects.toMatchObject({
          status: status.FAILED_PRECONDITION,
        });
      } else {
        await half.client.node.nodePublishVolume({ ...second, readonly: true });
        await expect(writeFile(join(second.targetPath, 'file'), '')).rejects.toMatchObject({ code: 'EROFS' });
        await half.client.node.nodeUnpublishVolume(second);
      }
      await letGo(id);
      await half.client.controller.deleteVolume({ volumeId: id });
    }
  });

  test('says why a volume can not be, and leaves none', async () => {
    const wrong = [
      [{ parameters: { replicas: '3' } }, /unknown parameter "replicas"; known are: pool, poolSelector, fsType/],
      [{ volumeCapabilities: [mounted(Mode.MULTI_NODE_MULTI_WRITER)] }, /bytes are on one node/],
      [{ parameters: { fsType: 'btrfs' } }, /not one of ext4, xfs/],
      [{ capacityRange: { requiredBytes: 1n << 50n } }, /default/],
      [{ parameters: { fsType: 'xfs' }, capacityRange: { limitBytes: 100n * MiB } }, /mkfs.xfs makes nothing smaller/],
    ] as const;
    for (const [more, message] of wrong) {
      await expect(create('impossible', {}, more)).rejects.toThrow(message);
      expect(await half.api.get(volumes, { name: 'impossible' })).toBeUndefined();
    }
  });

  test('finds what a call that ran out of time has made', async () => {
    const request = { name: 'slow', volumeCapabilities: [mounted()] };
    await half.client.controller.createVolume(request, { timeout: 1 }).catch(() => {});
    const { volume } = await half.client.controller.createVolume(request);
    await expect(create('slow', { provisioning: 'thick' })).rejects.toMatchObject({ status: status.ALREADY_EXISTS });
    await half.client.controller.deleteVolume({ volumeId: volume?.volumeId ?? '' });
  });
});

test.skipIf(!isRoot)('killed at any moment, the driver goes on where it was', async () => {
  await using scratch = await makeScratch();
  const dataDir = join(scratch.path, 'data');
  const client = connectCsi(join(dataDir, 'run/csi.sock'));
  const start = async () => {
    const program = join(import.meta.dirname, 'csi/storage-half-process.ts');
    const child = spawn(process.execPath, [program, dataDir, 'image'], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    return child;
  };
  const volumeId = 'kept';
  const stagingTargetPath = join(scratch.path, 'staging');
  const targetPath = join(scratch.path, 'target');
  const volumeCapability = mounted();
  const life = [
    () => client.controller.createVolume({ name: volumeId, volumeCapabilities: [volumeCapability] }),
    () => client.node.nodeStageVolume({ volumeId, stagingTargetPath, volumeCapability }),
    () => client.node.nodePublishVolume({ volumeId, stagingTargetPath, targetPath, volumeCapability }),
  ];
  const end = [
    () => client.node.nodeUnpublishVolume({ volumeId, targetPath }),
    () => client.node.nodeUnstageVolume({ volumeId, stagingTargetPath }),
  ];
  let child = await start();
  for (let round = 0; round < 8; round++) {
    // A different moment in each round, from the first call to after the last.
    const killed = new Promise<void>((resolve) => setTimeout(resolve, round * 25)).then(() => child.kill('SIGKILL'));
    for (const step of [...life, ...end]) await step().catch(() => {});
    await killed;
    child = await start();
    for (const step of life) await expect.poll<unknown>(step, { timeout: 20_000 }).toBeDefined();
    const file = join(targetPath, 'rounds');
    const before = await readFile(file, 'utf8').catch(() => '');
    expect(before).toBe('x'.repeat(round));
    const writer = await open(file, 'w');
    await writer.writeFile(`${before}x`);
    await writer.sync();
    await writer.close();
    if (round % 2) for (const step of end) await step();
  }
  for (const step of end) await step();
  await client.controller.deleteVolume({ volumeId });
  expect((await leftovers(scratch.path)).filter((it) => !it.includes('/pools/default'))).toEqual([]);
  client.close();
  child.kill('SIGTERM');
  await once(child, 'exit');
});
