import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { VolumeCapability_AccessMode_Mode as Mode } from '../../src/csi/protocol/csi_pb.ts';
import { exec } from '../../src/lib/exec.ts';
import { events } from '../../src/model/kinds/index.ts';
import { volumes } from '../../src/model/kinds/moorage.ts';
import { readMounts } from '../../src/node/mountinfo.ts';
import { makeScratch } from '../engines/local-scratch.ts';
import { node, openStorageHalf, type StorageHalf } from './storage-half.ts';

const patience = 200;
/** Long enough for several looks. */
const looks = 10 * patience;

describe.runIf(process.getuid?.() === 0)('a volume whose deletion is asked for while it is staged', () => {
  const open = new AsyncDisposableStack();
  let dir: string;
  let half: StorageHalf;
  beforeAll(async () => {
    dir = open.use(await makeScratch()).path;
    half = open.use(await openStorageHalf(join(dir, 'data'), { backend: 'image' }, exec, patience));
  });
  afterAll(async () => await open.disposeAsync());

  const volumeCapability = {
    accessMode: { mode: Mode.SINGLE_NODE_WRITER },
    accessType: { case: 'mount' as const, value: {} },
  };
  async function staged(name: string) {
    const { volume } = await half.client.controller.createVolume({
      name,
      capacityRange: { requiredBytes: 64n << 20n },
      volumeCapabilities: [volumeCapability],
    });
    const volumeId = volume?.volumeId ?? '';
    const request = { volumeId, stagingTargetPath: join(dir, name), volumeCapability };
    await half.client.node.nodeStageVolume(request);
    return { ...request, targetPath: join(dir, `${name}-target`) };
  }
  async function ask(volumeId: string) {
    await expect(half.client.controller.deleteVolume({ volumeId })).rejects.toMatchObject({
      status: status.FAILED_PRECONDITION,
    });
  }
  const seen = async (name: string) => (await half.api.get(volumes, { name }))?.status;
  const isMounted = async (path: string) => (await readMounts()).some(({ target }) => target === path);

  test('is let go once nothing has used it for a while, and can be deleted then', async () => {
    const { volumeId, stagingTargetPath } = await staged('left');
    await pause(looks);
    expect((await seen(volumeId))?.attachments, 'nobody has asked yet').toMatchObject([{ node }]);
    await ask(volumeId);
    await expect.poll(async () => (await seen(volumeId))?.attachments).toEqual([]);
    expect(await isMounted(stagingTargetPath)).toBe(false);
    await expect
      .poll(async () => (await half.api.list(events)).items.map(({ reason, message }) => `${reason} ${message}`))
      .toContainEqual(expect.stringContaining(`LetGo it was still staged on ${node} at ${stagingTargetPath}`));
    // The kubelet that comes back after all.
    await half.client.node.nodeUnstageVolume({ volumeId, stagingTargetPath });
    await half.client.controller.deleteVolume({ volumeId });
    expect(await half.api.get(volumes, { name: volumeId })).toBeUndefined();
  });

  test('stays while it is published, or mounted by hand', async () => {
    const request = await staged('used');
    const { volumeId, targetPath, stagingTargetPath } = request;
    await half.client.node.nodePublishVolume(request);
    await writeFile(join(targetPath, 'file'), 'kept');
    const byHand = join(dir, 'by-hand');
    await mkdir(byHand);
    await exec(['mount', '--bind', stagingTargetPath, byHand]);
    await ask(volumeId);
    await pause(looks);
    expect(await readFile(join(targetPath, 'file'), 'utf8')).toBe('kept');
    await half.client.node.nodeUnpublishVolume({ volumeId, targetPath });
    await pause(looks);
    expect(await readFile(join(byHand, 'file'), 'utf8')).toBe('kept');
    expect((await seen(volumeId))?.attachments).toMatchObject([{ node }]);
    await exec(['umount', byHand]);
    await expect.poll(async () => (await seen(volumeId))?.attachments).toEqual([]);
    await half.client.controller.deleteVolume({ volumeId });
  });

  test('is wanted again when it is staged again', async () => {
    const request = await staged('again');
    const { volumeId, stagingTargetPath } = request;
    const byHand = join(dir, 'meanwhile');
    await mkdir(byHand);
    await exec(['mount', '--bind', stagingTargetPath, byHand]);
    await ask(volumeId);
    expect((await seen(volumeId))?.conditions).toContainEqual(
      expect.objectContaining({ type: 'DeletionAsked', status: 'True' }),
    );
    await half.client.node.nodeStageVolume(request);
    expect((await seen(volumeId))?.conditions?.map(({ type }) => type)).not.toContain('DeletionAsked');
    await exec(['umount', byHand]);
    await pause(looks);
    expect(await isMounted(stagingTargetPath)).toBe(true);
    await half.client.node.nodeUnstageVolume({ volumeId, stagingTargetPath });
    await half.client.controller.deleteVolume({ volumeId });
  });
});
