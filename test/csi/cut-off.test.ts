import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { VolumeCapability_AccessMode_Mode as Mode } from '../../src/csi/protocol/csi_pb.ts';
import { type Exec, exec } from '../../src/lib/exec.ts';
import { mountAt } from '../../src/node/mountinfo.ts';
import { makeScratch } from '../engines/local-scratch.ts';
import { leftovers } from '../support/leftovers.ts';
import { openStorageHalf, type StorageHalf } from './storage-half.ts';

const MiB = 1n << 20n;
const size = 320n * MiB;

/** Runs programs until it is cut off: from then on every call fails, as for an agent that is killed between two. */
class Cut {
  #left = Number.POSITIVE_INFINITY;
  readonly exec: Exec = async (argv, options) => {
    if (this.#left <= 0) throw new Error(`cut off before ${argv[0]}`);
    this.#left -= 1;
    return exec(argv, options);
  };

  after(calls: number): void {
    this.#left = calls;
  }

  never(): void {
    this.after(Number.POSITIVE_INFINITY);
  }
}

// More programs than any staging runs.
const most = 40;

describe.skipIf(process.getuid?.() !== 0)('staging that is cut off between any two programs', () => {
  const cut = new Cut();
  let scratch: Awaited<ReturnType<typeof makeScratch>>;
  let half: StorageHalf;
  beforeAll(async () => {
    scratch = await makeScratch();
    half = await openStorageHalf(join(scratch.path, 'data'), { backend: 'image' }, cut.exec);
    await mkdir(join(scratch.path, 'staging'));
  });
  afterAll(async () => {
    cut.never();
    await half[Symbol.asyncDispose]();
    expect((await leftovers(scratch.path)).filter((it) => !it.includes('/pools/default'))).toEqual([]);
    await scratch[Symbol.asyncDispose]();
  });

  const wish = (volumeId: string, mode: Mode) => ({
    volumeId,
    stagingTargetPath: join(scratch.path, 'staging', volumeId),
    volumeCapability: { accessMode: { mode }, accessType: { case: 'mount' as const, value: {} } },
  });
  const make = async (name: string, fsType: string, copied?: string) => {
    const source = copied && {
      volumeContentSource: { type: { case: 'volume' as const, value: { volumeId: copied } } },
    };
    const { volume } = await half.client.controller.createVolume({
      name,
      parameters: { fsType },
      capacityRange: { requiredBytes: copied ? 2n * size : size },
      volumeCapabilities: [wish('', Mode.SINGLE_NODE_WRITER).volumeCapability],
      ...source,
    });
    return volume?.volumeId ?? '';
  };
  /** As a caller does, which tries again while something still looks at the device. */
  const unstage = (request: ReturnType<typeof wish>) =>
    expect
      .poll(() =>
        half.client.node.nodeUnstageVolume(request).then(
          () => 'done',
          (error: { status?: status }) => (error.status === status.ABORTED ? 'busy' : Promise.reject(error)),
        ),
      )
      .toBe('done');
  const finish = async (request: ReturnType<typeof wish>) => {
    await unstage(request);
    await half.client.controller.deleteVolume(request);
  };

  test.for(['ext4', 'xfs'])(
    'is taken up where it was: %s, new, larger than its source, for reading',
    async (fsType) => {
      const source = wish(await make(`source-${fsType}`, fsType), Mode.SINGLE_NODE_WRITER);
      await half.client.node.nodeStageVolume(source);
      await writeFile(join(source.stagingTargetPath, 'file'), 'precious');
      await unstage(source);

      const ways = [
        { name: 'new', mode: Mode.SINGLE_NODE_WRITER },
        { name: 'copy', copied: source.volumeId, mode: Mode.SINGLE_NODE_WRITER },
        { name: 'read', copied: source.volumeId, mode: Mode.SINGLE_NODE_READER_ONLY },
      ];
      for (const { name, copied, mode } of ways) {
        let cuts = 0;
        for (let calls = 0; calls < most; calls++) {
          const request = wish(await make(`${name}-${fsType}-${calls}`, fsType, copied), mode);
          cut.after(calls);
          const isWhole = await half.client.node.nodeStageVolume(request).then(
            () => true,
            () => false,
          );
          cut.never();
          await half.client.node.nodeStageVolume(request);

          const path = request.stagingTargetPath;
          const doing = `${name}, cut off after ${calls}`;
          expect((await mountAt(path))?.readOnly, doing).toBe(mode === Mode.SINGLE_NODE_READER_ONLY);
          const { usage } = await half.client.node.nodeGetVolumeStats({ ...request, volumePath: path });
          expect(usage[0]?.total, doing).toBeGreaterThan((copied ? 500n : 200n) * MiB);
          if (copied) expect(await readFile(join(path, 'file'), 'utf8'), doing).toBe('precious');
          else await writeFile(join(path, 'file'), '');
          await finish(request);
          if (isWhole) break;
          cuts += 1;
        }
        expect(cuts, `${name}: staging runs several programs`).toBeGreaterThan(2);
        expect(cuts, `${name}: and ends in one go at last`).toBeLessThan(most);
      }
      await half.client.controller.deleteVolume(source);
    },
  );
});
