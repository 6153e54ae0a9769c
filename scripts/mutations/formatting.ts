import type { Mutation } from './mutation.ts';

const middle = 'anywhere in the middle is made anew by the next staging';

/** A file system is made once, whole, and never over anything. */
export const formatting: readonly Mutation[] = [
  {
    guard: 'that mkfs is about to begin is recorded first',
    file: 'src/driver/node/stage-filesystem.ts',
    text: "  await engine.node.recordFormat(ref, fsType, 'formatting');\n  await makeFilesystem",
    instead: '  await makeFilesystem',
    test: 'test/csi/mkfs-cut-off.test.ts',
    name: middle,
  },
  {
    guard: 'what is recorded of mkfs is waited for',
    file: 'src/driver/node/stage-filesystem.ts',
    text: "  await engine.node.recordFormat(ref, fsType, 'formatting');\n  await makeFilesystem",
    instead: "  void engine.node.recordFormat(ref, fsType, 'formatting');\n  await makeFilesystem",
    test: 'test/durability/durability.test.ts',
    name: 'that a volume is %s, before %s begins',
  },
  {
    guard: 'a volume whose mkfs was cut off is made blank again',
    file: 'src/engines/shelves/node.ts',
    text: "        if (metadata.format?.state === 'formatting') await forgetFormat(pool, ref.name, directory, metadata);\n",
    test: 'test/csi/mkfs-cut-off.test.ts',
    name: middle,
  },
];
