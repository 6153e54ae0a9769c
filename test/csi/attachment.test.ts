import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { VolumeCapability_AccessMode_Mode as Mode } from '../../src/csi/protocol/csi_pb.ts';
import { exec } from '../../src/lib/exec.ts';
import { type Volume, volumes } from '../../src/model/kinds/moorage.ts';
import { mountAt } from '../../src/node/mountinfo.ts';
import { makeScratch } from '../engines/local-scratch.ts';
import { type Call, interposed } from '../support/interposed-api.ts';
import { leftovers } from '../support/leftovers.ts';
import { node, openStorageHalf, type StorageHalf } from './storage-half.ts';

const size = 64n << 20n;
const refused = { status: status.FAILED_PRECONDITION };

describe.runIf(process.getuid?.() === 0)('a volume is brought to a node', () => {
  let scratch: Awaited<ReturnType<typeof makeScratch>>;
  let half: StorageHalf;
  /** What the driver's view shows of some Volumes, though they have changed since. */
  const lagging = new Map<string, Volume>();
  /** What others do right before a Volume is deleted. */
  let beforeDeletion: (name: string) => Promise<unknown> = async () => {};
  beforeAll(async () => {
    scratch = await makeScratch();
    const see = <T extends { metadata: { name: string } }>(it: T) => lagging.get(it.metadata.name) ?? it;
    const before = async ({ verb, kind, name }: Call) => {
      if (verb === 'delete' && kind === 'Volume') await beforeDeletion(name);
    };
    const data = join(scratch.path, 'data');
    half = await openStorageHalf(data, { backend: 'image' }, exec, undefined, (api) =>
      interposed(api, { before, see }),
    );
  });
  afterAll(async () => {
    await half[Symbol.asyncDispose]();
    expect((await leftovers(scratch.path)).filter((it) => !it.includes('/pools/default'))).toEqual([]);
    await scratch[Symbol.asyncDispose]();
  });

  const capability = {
    accessMode: { mode: Mode.SINGLE_NODE_WRITER },
    accessType: { case: 'mount' as const, value: {} },
  };
  const wish = (volumeId: string) => ({
    volumeId,
    stagingTargetPath: join(scratch.path, 'staging', volumeId),
    targetPath: join(scratch.path, 'targets', volumeId),
    volumeCapability: capability,
  });
  async function create(name: string) {
    const request = { name, capacityRange: { requiredBytes: size }, volumeCapabilities: [capability] };
    const { volume } = await half.client.controller.createVolume(request);
    return wish(volume?.volumeId ?? '');
  }
  async function read(name: string): Promise<Volume> {
    const volume = await half.api.get(volumes, { name });
    if (!volume) throw new Error(`there is no volume ${name}`);
    return volume;
  }
  const elsewhere = { node: 'elsewhere', mode: 'ReadWrite' as const, since: '2026-01-01T00:00:00Z' };
  async function write(name: string, change: Partial<Volume['status']>): Promise<void> {
    await half.api.patch(volumes, { name }, { type: 'merge', body: { status: change } }, { subresource: 'status' });
  }
  /** What the driver sees of it stays as it is now. */
  const freeze = async (name: string) => lagging.set(name, await read(name));

  test('of two nodes that ask at once, one gets it: the other has read it before', async () => {
    const { volumeId, ...request } = await create('raced');
    await freeze(volumeId);
    await write(volumeId, { attachments: [elsewhere] });
    await expect(half.client.node.nodeStageVolume({ volumeId, ...request })).rejects.toMatchObject(refused);
    expect((await read(volumeId)).status?.attachments).toEqual([elsewhere]);
    expect((await leftovers(scratch.path)).filter((it) => it.includes(volumeId))).toEqual([]);
  });

  test('without a record of its own, a node does not believe that it has it, and asks', async () => {
    const request = await create('believed');
    const { volumeId } = request;
    await half.client.node.nodeStageVolume(request);
    await freeze(volumeId);
    expect(lagging.get(volumeId)?.status?.attachments).toMatchObject([{ node }]);
    await half.client.node.nodeUnstageVolume(request);
    await write(volumeId, { attachments: [elsewhere] });
    await expect(half.client.node.nodeStageVolume(request)).rejects.toMatchObject(refused);
    expect((await read(volumeId)).status?.attachments).toEqual([elsewhere]);
    expect((await leftovers(scratch.path)).filter((it) => it.includes(volumeId))).toEqual([]);
  });

  test('not to one that can not reach its bytes', async () => {
    const request = await create('far');
    const { volumeId } = request;
    const { placement } = (await read(volumeId)).status ?? {};
    await write(volumeId, { placement: { pool: 'default', engine: 'local', ...placement, node: 'elsewhere' } });
    await expect(half.client.node.nodeStageVolume(request)).rejects.toMatchObject({
      ...refused,
      message: expect.stringContaining('its bytes are on node elsewhere'),
    });
    expect((await read(volumeId)).status?.attachments ?? []).toEqual([]);
    expect((await leftovers(scratch.path)).filter((it) => it.includes(volumeId))).toEqual([]);
  });

  test('in the very moment in which it was to be deleted, and is kept', async () => {
    const request = await create('wanted');
    beforeDeletion = () => half.client.node.nodeStageVolume(request);
    await expect(half.client.controller.deleteVolume(request)).rejects.toMatchObject(refused);
    beforeDeletion = async () => {};
    expect((await read(request.volumeId)).metadata.deletionTimestamp).toBeUndefined();
    expect(await mountAt(request.stagingTargetPath)).toBeDefined();
    await half.client.node.nodeUnstageVolume(request);
    await half.client.controller.deleteVolume(request);
  });

  test('and stays there while it is published', async () => {
    const request = await create('published');
    await half.client.node.nodeStageVolume(request);
    await half.client.node.nodePublishVolume(request);
    await expect(half.client.node.nodeUnstageVolume(request)).rejects.toMatchObject({
      ...refused,
      message: expect.stringContaining(`still published at ${request.targetPath}`),
    });
    expect(await mountAt(request.stagingTargetPath)).toBeDefined();
    await writeFile(join(request.targetPath, 'file'), 'still there');
    await half.client.node.nodeUnpublishVolume(request);
    await half.client.node.nodeUnstageVolume(request);
  });

  test('and leaves alone what somebody else has mounted where it was to go', async () => {
    const request = await create('in-the-way');
    const path = request.stagingTargetPath;
    await mkdir(path, { recursive: true });
    await exec(['mount', '-t', 'tmpfs', 'theirs', path]);
    await writeFile(join(path, 'file'), 'theirs');
    await expect(half.client.node.nodeStageVolume(request)).rejects.toMatchObject({
      ...refused,
      message: expect.stringContaining('theirs is mounted there'),
    });
    expect(await readFile(join(path, 'file'), 'utf8')).toBe('theirs');
    await exec(['umount', path]);
    await half.client.node.nodeStageVolume(request);
    await half.client.node.nodeUnstageVolume(request);
  });

  test('once its file system has been checked, if it does not call itself clean', async () => {
    const request = await create('unclean');
    await half.client.node.nodeStageVolume(request);
    await writeFile(join(request.stagingTargetPath, 'file'), 'data');
    await half.client.node.nodeUnstageVolume(request);
    // As the kernel leaves one in which it has found errors. It can be mounted; what is wrong with it stays wrong.
    const { path } = await half.engine.node.attach({ pool: 'default', name: request.volumeId }, { readOnly: false });
    await exec(['debugfs', '-w', '-R', 'set_super_value state 2', path]);
    await exec(['debugfs', '-w', '-R', 'clri file', path]);
    await half.client.node.nodeStageVolume(request);
    expect(await readdir(request.stagingTargetPath), 'an entry that leads nowhere was taken out').toEqual([
      'lost+found',
    ]);
    await half.client.node.nodeUnstageVolume(request);
  });
});
