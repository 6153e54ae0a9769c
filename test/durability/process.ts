import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { VolumeCapability_AccessMode_Mode as Mode } from '../../src/csi/protocol/csi_pb.ts';
import { openStorageHalf } from '../csi/storage-half.ts';

/**
 * The life of a volume in the directory of the first argument. On standard output it says what was answered, each at the
 * moment of the answer: its parent traces its system calls, and those words among them.
 */
const [directory = ''] = process.argv.slice(2);
const say = (word: string) => writeSync(1, `${word}\n`);

await using half = await openStorageHalf(join(directory, 'data'), { backend: 'image' });
const { controller, node } = half.client;
const volumeCapability = {
  accessMode: { mode: Mode.SINGLE_NODE_WRITER },
  accessType: { case: 'mount' as const, value: {} },
};
say('opened');
const { volume } = await controller.createVolume({
  name: 'life',
  capacityRange: { requiredBytes: 64n << 20n },
  volumeCapabilities: [volumeCapability],
});
say('created');
const volumeId = volume?.volumeId ?? '';
const request = { volumeId, stagingTargetPath: join(directory, 'staging'), volumeCapability };
await node.nodeStageVolume(request);
say('staged');
await node.nodeUnstageVolume(request);
say('unstaged');
await controller.deleteVolume({ volumeId });
say('deleted');
