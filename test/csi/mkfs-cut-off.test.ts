import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { VolumeCapability_AccessMode_Mode as Mode } from '../../src/csi/protocol/csi_pb.ts';
import { type Exec, exec } from '../../src/lib/exec.ts';
import { mountAt } from '../../src/node/mountinfo.ts';
import { makeScratch } from '../engines/local-scratch.ts';
import { hasStrace } from '../support/strace.ts';
import { openStorageHalf, type StorageHalf } from './storage-half.ts';

/** Kills each mkfs with SIGKILL when it is about to write to the device for the nth time. */
class Killer {
  #nth = 0;
  killed = 0;
  readonly exec: Exec = async (argv, options) => {
    if (this.#nth === 0 || !argv[0].startsWith('mkfs.')) return exec(argv, options);
    const inject = `inject=write,pwrite64,pwritev,fallocate:signal=KILL:when=${this.#nth}`;
    try {
      return await exec(['strace', '-f', '-qq', '-o', '/dev/null', '-e', inject, ...argv], options);
    } catch (error) {
      this.killed += 1;
      throw error;
    }
  };

  at(nth: number): void {
    this.#nth = nth;
  }

  never(): void {
    this.#nth = 0;
  }
}

describe.skipIf(process.getuid?.() !== 0 || !(await hasStrace()))('a volume whose mkfs is killed', () => {
  const killer = new Killer();
  let scratch: Awaited<ReturnType<typeof makeScratch>>;
  let half: StorageHalf;
  beforeAll(async () => {
    scratch = await makeScratch();
    half = await openStorageHalf(join(scratch.path, 'data'), { backend: 'image' }, killer.exec);
  });
  afterAll(async () => {
    killer.never();
    await half[Symbol.asyncDispose]();
    await scratch[Symbol.asyncDispose]();
  });

  const volumeCapability = {
    accessMode: { mode: Mode.SINGLE_NODE_WRITER },
    accessType: { case: 'mount' as const, value: {} },
  };

  test.for(['ext4', 'xfs'])('anywhere in the middle is made anew by the next staging: %s', async (fsType) => {
    const most = 1_000;
    for (let nth = 1; nth < most; nth *= 3) {
      const { volume } = await half.client.controller.createVolume({
        name: `${fsType}-${nth}`,
        parameters: { fsType },
        capacityRange: { requiredBytes: 320n << 20n },
        volumeCapabilities: [volumeCapability],
      });
      const volumeId = volume?.volumeId ?? '';
      const request = { volumeId, stagingTargetPath: join(scratch.path, 'staging', volumeId), volumeCapability };
      const before = killer.killed;
      killer.at(nth);
      const staged = await half.client.node.nodeStageVolume(request).then(
        () => true,
        () => false,
      );
      killer.never();
      expect(staged, `after write ${nth}`).toBe(killer.killed === before);

      await half.client.node.nodeStageVolume(request);
      expect((await mountAt(request.stagingTargetPath))?.fsType).toBe(fsType);
      await writeFile(join(request.stagingTargetPath, 'file'), 'whole');
      await half.client.node.nodeUnstageVolume(request);
      await half.client.controller.deleteVolume(request);
      if (staged) break;
    }
    expect(killer.killed, 'it was cut off at several places').toBeGreaterThan(2);
    killer.killed = 0;
  });
});
