import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { VolumeCapability_AccessMode_Mode as Mode } from '../../src/csi/protocol/csi_pb.ts';
import { exec } from '../../src/lib/exec.ts';
import { mountAt } from '../../src/node/mountinfo.ts';
import { makeScratch } from '../engines/local-scratch.ts';
import { openStorageHalf, type StorageHalf } from './storage-half.ts';

describe.runIf(process.getuid?.() === 0)('mount options of a volume that is a directory', () => {
  const open = new AsyncDisposableStack();
  let dir: string;
  let half: StorageHalf;
  beforeAll(async () => {
    dir = open.use(await makeScratch()).path;
    half = open.use(await openStorageHalf(join(dir, 'data'), { backend: 'directory' }, exec));
  });
  afterAll(async () => await open.disposeAsync());

  const capability = (...mountFlags: string[]) => ({
    accessMode: { mode: Mode.SINGLE_NODE_WRITER },
    accessType: { case: 'mount' as const, value: { mountFlags } },
  });
  const make = async (name: string, ...mountFlags: string[]) => {
    const capacityRange = { requiredBytes: 64n << 20n };
    const volumeCapabilities = [capability(...mountFlags)];
    const { volume } = await half.client.controller.createVolume({ name, capacityRange, volumeCapabilities });
    return volume?.volumeId ?? '';
  };
  const stage = (volumeId: string, ...mountFlags: string[]) =>
    half.client.node.nodeStageVolume({
      volumeId,
      stagingTargetPath: join(dir, `${volumeId}-staging`),
      volumeCapability: capability(...mountFlags),
    });

  test('are those of the mount at the target, if such a mount can have them', async () => {
    const volumeId = await make('plain', 'noexec', 'nosuid');
    const [staging, target] = [join(dir, `${volumeId}-staging`), join(dir, 'target')];
    await stage(volumeId, 'noexec', 'nosuid');
    const publish = {
      volumeId,
      stagingTargetPath: staging,
      targetPath: target,
      volumeCapability: capability('noexec', 'nosuid'),
    };
    await half.client.node.nodePublishVolume(publish);
    expect((await mountAt(target))?.options).toEqual(expect.arrayContaining(['noexec', 'nosuid']));
    await writeFile(join(target, 'script'), '#!/bin/sh\n', { mode: 0o755 });
    await expect(exec([join(target, 'script')])).rejects.toThrow('EACCES');
    await half.client.node.nodePublishVolume(publish);
    await half.client.node.nodeUnpublishVolume({ volumeId, targetPath: target });
    await half.client.node.nodeUnstageVolume({ volumeId, stagingTargetPath: staging });
  });

  test('are refused otherwise, when it is made and when it is staged', async () => {
    await expect(make('trimmed', 'discard')).rejects.toMatchObject({
      status: status.RESOURCE_EXHAUSTED,
      message: expect.stringContaining("keeps directories, which can't have the mount option discard"),
    });
    const volumeId = await make('later');
    await expect(stage(volumeId, 'discard')).rejects.toMatchObject({
      status: status.INVALID_ARGUMENT,
      message: expect.stringContaining('the mount option discard is none that they can have'),
    });
    await half.client.node.nodeUnstageVolume({ volumeId, stagingTargetPath: join(dir, `${volumeId}-staging`) });
  });
});
