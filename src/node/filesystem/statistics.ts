import { readFile, stat, statfs } from 'node:fs/promises';
import { deviceNumber } from '../mount.ts';

/** How full a file system is. Bytes and inodes. */
export interface FilesystemStatistics {
  readonly total: bigint;
  readonly used: bigint;
  /** What an ordinary user can still write. */
  readonly available: bigint;
  readonly inodes: bigint;
  readonly inodesUsed: bigint;
  readonly inodesFree: bigint;
}

/** statfs(2) of the file system that the path is on. */
export async function filesystemStatistics(path: string): Promise<FilesystemStatistics> {
  const { bsize, blocks, bfree, bavail, files, ffree } = await statfs(path, { bigint: true });
  return {
    total: blocks * bsize,
    used: (blocks - bfree) * bsize,
    available: bavail * bsize,
    inodes: files,
    inodesUsed: files - ffree,
    inodesFree: ffree,
  };
}

/** Bytes of a block device. The path may be a device node, or a file that one is bound to. */
export async function deviceSize(path: string): Promise<bigint> {
  const { rdev } = await stat(path);
  return BigInt((await readFile(`/sys/dev/block/${deviceNumber(rdev)}/size`, 'utf8')).trim()) * 512n;
}

/** Whether a block device takes no writes. */
export async function isReadOnlyDevice(path: string): Promise<boolean> {
  const { rdev } = await stat(path);
  return (await readFile(`/sys/dev/block/${deviceNumber(rdev)}/ro`, 'utf8')).trim() === '1';
}

/** Bytes of a logical sector of a block device, given as `major:minor`; 512 where the system does not say. */
export async function sectorSizeOf(device: string): Promise<number> {
  for (const queue of ['queue', '../queue']) {
    const text = await readFile(`/sys/dev/block/${device}/${queue}/logical_block_size`, 'utf8').catch(() => '');
    if (text) return Number(text);
  }
  return 512;
}
