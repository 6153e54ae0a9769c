import { type FileHandle, open } from 'node:fs/promises';
import { readExt4Superblock } from './ext4-superblock.ts';

/** Bytes of a device, from the offset on. */
export interface Range {
  readonly offset: bigint;
  readonly length: bigint;
}

/** https://docs.kernel.org/filesystems/ext4/dynamic.html#extent-tree */
const extentMagic = 0xf30a;
const entrySize = 12;
const deepest = 5;

/**
 * Where the journal of an ext4 is, from the copy of the journal's inode that the superblock has; empty if it has no
 * journal of its own, or says nothing of where it is.
 */
export async function ext4Journal(device: string): Promise<readonly Range[]> {
  const { journal, blockSize } = (await readExt4Superblock(device)) ?? {};
  if (!journal || blockSize === undefined) return [];
  await using file = await open(device, 'r');
  const extents: Range[] = [];
  await readNode(file, journal, blockSize, deepest, extents);
  return extents;
}

async function readNode(
  file: FileHandle,
  node: Buffer,
  blockSize: number,
  levels: number,
  found: Range[],
): Promise<void> {
  if (levels === 0 || node.readUInt16LE(0) !== extentMagic) return;
  const count = Math.min(node.readUInt16LE(2), Math.floor(node.length / entrySize) - 1);
  const isLeaf = node.readUInt16LE(6) === 0;
  for (let index = 1; index <= count; index++) {
    const entry = node.subarray(index * entrySize, (index + 1) * entrySize);
    const high = BigInt(entry.readUInt16LE(isLeaf ? 6 : 8)) << 32n;
    const offset = (high + BigInt(entry.readUInt32LE(isLeaf ? 8 : 4))) * BigInt(blockSize);
    if (isLeaf) found.push({ offset, length: BigInt(entry.readUInt16LE(4)) * BigInt(blockSize) });
    else await readNode(file, await read(file, offset, blockSize), blockSize, levels - 1, found);
  }
}

async function read(file: FileHandle, offset: bigint, length: number): Promise<Buffer> {
  const { buffer } = await file.read(Buffer.alloc(length), 0, length, Number(offset));
  return buffer;
}
