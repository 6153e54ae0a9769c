import { open } from 'node:fs/promises';

/** https://docs.kernel.org/filesystems/ext4/globals.html#super-block */
export interface Ext4Superblock {
  /** Bytes. */
  readonly blockSize: number;
  /** Bytes that the file system spans. */
  readonly size: bigint;
  /** The copy of the journal's inode, of which the first part is where its blocks are; undefined if there is none. */
  readonly journal: Buffer | undefined;
  /** True if e2fsck would find nothing to do: it was unmounted in order, without an error, and no check is due. */
  readonly isClean: boolean;
}

const start = 1024;
const magic = 0xef53;
const length = 1024;
/** s_state: unmounted in order, and neither errors nor orphans. */
const valid = 1;
const incompatRecover = 0x4;
const incompat64bit = 0x80;
const roCompatOrphanPresent = 0x10000;

/** Reads the superblock of the ext4 on a device; undefined if there is none. */
export async function readExt4Superblock(device: string): Promise<Ext4Superblock | undefined> {
  await using file = await open(device, 'r');
  const { buffer } = await file.read(Buffer.alloc(length), 0, length, start);
  return parse(buffer);
}

function parse(block: Buffer): Ext4Superblock | undefined {
  if (block.readUInt16LE(0x38) !== magic) return undefined;
  const blockSize = 1024 << block.readUInt32LE(0x18);
  const incompat = block.readUInt32LE(0x60);
  const high = (incompat & incompat64bit) !== 0 ? BigInt(block.readUInt32LE(0x150)) << 32n : 0n;
  const mostMounts = block.readInt16LE(0x36);
  return {
    blockSize,
    size: (high + BigInt(block.readUInt32LE(0x4))) * BigInt(blockSize),
    journal: block.readUInt8(0xfd) === 1 ? block.subarray(0x10c, 0x10c + 60) : undefined,
    isClean:
      block.readUInt16LE(0x3a) === valid &&
      (incompat & incompatRecover) === 0 &&
      (block.readUInt32LE(0x64) & roCompatOrphanPresent) === 0 &&
      block.readUInt32LE(0xe8) === 0 && // the first orphan
      block.readUInt32LE(0x194) === 0 && // errors that were ever seen
      block.readUInt32LE(0x44) === 0 && // a check is due by time
      (mostMounts <= 0 || block.readUInt16LE(0x34) < mostMounts),
  };
}
