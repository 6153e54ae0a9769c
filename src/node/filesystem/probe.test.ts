import { expect, test } from 'vitest';
import { contentOf } from './probe.ts';

test.each([
  ['a file system of ours', 'DEVNAME=/dev/loop0\nUUID=u-1\nTYPE=ext4\nUSAGE=filesystem\n', 'filesystem'],
  ['a partition table', 'PTUUID=x\nPTTYPE=gpt\n', 'foreign'],
  ['a partition table beside a file system', 'TYPE=xfs\nUSAGE=filesystem\nPTTYPE=dos\n', 'foreign'],
  ['a volume group', 'TYPE=LVM2_member\nUSAGE=raid\n', 'foreign'],
  ['an encrypted device', 'TYPE=crypto_LUKS\nUSAGE=crypto\n', 'foreign'],
  ['a file system that we never make', 'TYPE=btrfs\nUSAGE=filesystem\n', 'foreign'],
  ['output that says nothing', '', 'foreign'],
] as const)('%s', (_, text, kind) => {
  expect(contentOf(text).kind).toBe(kind);
});
