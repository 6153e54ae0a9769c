import { mkdtemp, open, readFile, rmdir, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fail } from '../../lib/errors.ts';
import type { Exec } from '../../lib/exec.ts';
import { type MkfsOption, mkfsArguments } from '../../model/filesystems/mkfs.ts';
import type { FsType } from '../../model/filesystems/types.ts';
import { deviceNumber, mountDevice, unmount } from '../mount.ts';
import { runTool } from '../tools.ts';
import { readExt4Superblock } from './ext4-superblock.ts';
import { deviceSize } from './statistics.ts';

/** Smallest device that each can be made on, in bytes: mkfs.xfs refuses less than 300 MiB. */
export const smallestDevice: Readonly<Record<FsType, bigint>> = { ext4: 1n << 20n, xfs: 300n << 20n };

const hours = 3_600_000;
const mkfsIdle = 45_000;
const lookEvery = 5_000;

export interface MakeFilesystem {
  readonly device: string;
  readonly fsType: FsType;
  /** What a user has for mkfs: only what is on the list for the file system. */
  readonly options?: readonly string[];
  /** More of our own, which no user may give. */
  readonly own?: readonly MkfsOption[];
  /** Overwrites what is there: only for a device on which our own mkfs was cut off. */
  readonly force?: boolean;
  readonly signal?: AbortSignal;
}

/**
 * Makes a file system on a device that the caller has proven blank, without discarding (the device is new) and
 * leaving ext4's inode tables to the kernel's lazy work. A slow disk may take its time: mkfs is ended only after 45 s
 * without any I/O, with `timeout`.
 */
export async function makeFilesystem(exec: Exec, wish: MakeFilesystem): Promise<void> {
  const { device, fsType, force } = wish;
  const size = await deviceSize(device);
  if (size < smallestDevice[fsType]) {
    fail(
      'invalid',
      `making ${fsType} on ${device}: it has ${size >> 20n} MiB, and needs ${smallestDevice[fsType] >> 20n}`,
    );
  }
  const own = [...ownOptions[fsType], ...(wish.own ?? [])];
  const options = [
    ...mkfsArguments(fsType, own, wish.options ?? []),
    ...(force ? [fsType === 'ext4' ? '-F' : '-f'] : []),
  ];
  const idle = new AbortController();
  const watch = await watchIdle(device, mkfsIdle, () => idle.abort(`no I/O on ${device} for ${mkfsIdle / 1000} s`));
  const signal = wish.signal ? AbortSignal.any([wish.signal, idle.signal]) : idle.signal;
  try {
    await runTool(exec, [`mkfs.${fsType}`, '-q', ...options, device], { timeout: 24 * hours, signal });
  } finally {
    clearInterval(watch);
  }
}

/** What mkfs is told unless the user says otherwise. */
const ownOptions: Readonly<Record<FsType, readonly MkfsOption[]>> = {
  ext4: [
    ['-m', '0'],
    ['-E', 'nodiscard,lazy_itable_init=1,lazy_journal_init=1'],
  ],
  xfs: [['-K', '']],
};

async function watchIdle(device: string, limit: number, onIdle: () => void): Promise<NodeJS.Timeout> {
  const path = `/sys/dev/block/${deviceNumber((await stat(device)).rdev)}/stat`;
  let last = '';
  let since = performance.now();
  return setInterval(async () => {
    const now = await readFile(path, 'utf8').catch(() => last);
    if (now !== last) {
      last = now;
      since = performance.now();
    } else if (performance.now() - since >= limit) onIdle();
  }, lookEvery);
}

/** Exit codes of e2fsck(8): errors corrected; the same, and the system should be rebooted. */
const corrected = [0, 1, 2, 3];

/**
 * Checks the file system of a device that is not mounted, and mends what can be mended without asking (`e2fsck -p`).
 * XFS checks itself at mount. Throws `corrupted` if a person has to look.
 */
export async function checkFilesystem(exec: Exec, device: string, fsType: FsType): Promise<void> {
  if (fsType === 'xfs') return;
  const { code, stdout, stderr } = await runTool(exec, ['e2fsck', '-p', device], {
    ok: [...corrected, 4, 5, 6, 7, 8, 12],
    timeout: 24 * hours,
  });
  if (code !== undefined && corrected.includes(code)) return;
  const words = `${stdout}\n${stderr}`.trim().split('\n').slice(-3).join('; ');
  fail(
    code === 8 ? 'internal' : 'corrupted',
    `checking the file system on ${device}: ${words}; nothing was mounted: look at it with "e2fsck -n ${device}"`,
  );
}

/** Whether a check has nothing to do, as the file system itself says. XFS checks itself at mount. */
export async function isClean(device: string, fsType: FsType): Promise<boolean> {
  return fsType === 'xfs' || ((await readExt4Superblock(device))?.isClean ?? false);
}

/** Bytes that the file system on the device spans, read from its superblock; undefined if there is none. */
export async function filesystemSize(device: string, fsType: FsType): Promise<bigint | undefined> {
  if (fsType === 'ext4') return (await readExt4Superblock(device))?.size;
  await using file = await open(device, 'r');
  const { buffer } = await file.read(Buffer.alloc(512), 0, 512, 0);
  return xfsSize(buffer);
}

function xfsSize(superblock: Buffer): bigint | undefined {
  if (superblock.toString('latin1', 0, 4) !== 'XFSB') return undefined;
  return BigInt(superblock.readUInt32BE(4)) * superblock.readBigUInt64BE(8);
}

/** A file system may end this far before its device without being worth growing. */
const slack = 16n << 20n;

/**
 * True if the device has grown past its file system, as after a restore into a larger volume. Of a mounted one it may
 * still say so for a while after it was grown.
 */
export async function needsGrowth(device: string, fsType: FsType): Promise<boolean> {
  const size = await filesystemSize(device, fsType);
  return size !== undefined && (await deviceSize(device)) - size >= (size < slack * 16n ? size / 16n : slack);
}

/**
 * Grows the file system to its device's size while it is mounted at `target`. Calling it twice does no harm. Throws
 * `permission` where the kernel does not let us: growing a mounted ext4 takes CAP_SYS_RESOURCE, which root in
 * a container may lack.
 */
export async function growFilesystem(
  exec: Exec,
  options: { readonly device: string; readonly target: string; readonly fsType: FsType },
): Promise<void> {
  const { device, target, fsType } = options;
  if (fsType === 'xfs') {
    await runTool(exec, ['xfs_growfs', '-d', target], { timeout: hours });
    return;
  }
  const { code, stdout, stderr } = await runTool(exec, ['resize2fs', device], { ok: [0, 1], timeout: hours });
  if (code === 0) return;
  if (/Permission denied/.test(stderr)) {
    fail(
      'permission',
      `growing ${target}: the kernel lets only holders of CAP_SYS_RESOURCE grow ext4 while it is mounted; unmount the volume, and it grows when it is mounted next`,
    );
  }
  fail('internal', `growing ${target}: ${(stderr || stdout).trim()}`);
}

/** Grows the file system of a device that is not mounted to the device's size. Only for ext4: XFS grows mounted. */
export async function growUnmounted(exec: Exec, device: string): Promise<void> {
  // resize2fs wants a forced check first.
  await runTool(exec, ['e2fsck', '-f', '-p', device], { ok: [0, 1], timeout: 24 * hours });
  await runTool(exec, ['resize2fs', device], { timeout: hours });
}

/**
 * Gives the XFS of a clone a UUID of its own, so that it can be mounted beside its source without `nouuid`. Its log
 * is replayed first, by a short mount: xfs_admin(8) refuses a log with work in it.
 */
export async function renewXfsUuid(exec: Exec, device: string): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), 'moorage-uuid-'));
  try {
    await mountDevice(exec, { device, target: scratch, fsType: 'xfs', options: ['nouuid'] });
    await unmount(exec, scratch);
  } finally {
    await unmount(exec, scratch);
    await rmdir(scratch);
  }
  await runTool(exec, ['xfs_admin', '-U', 'generate', device]);
}
