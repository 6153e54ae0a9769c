import { fail, isCode } from '../lib/errors.ts';
import type { Exec, ExecOptions, ExecResult } from '../lib/exec.ts';

/** The Debian package of each program that a minimal system may lack. */
export const packageOf: Readonly<Record<string, string>> = {
  blkid: 'util-linux',
  btrfs: 'btrfs-progs',
  e2fsck: 'e2fsprogs',
  losetup: 'mount',
  'mkfs.ext4': 'e2fsprogs',
  'mkfs.xfs': 'xfsprogs',
  mount: 'mount',
  resize2fs: 'e2fsprogs',
  umount: 'mount',
  wipefs: 'util-linux',
  xfs_admin: 'xfsprogs',
  xfs_growfs: 'xfsprogs',
  xfs_io: 'xfsprogs',
};

/** Runs a program; if it is missing, the `unsupported` error says what to install. */
export async function runTool(
  exec: Exec,
  argv: readonly [string, ...string[]],
  options?: ExecOptions,
): Promise<ExecResult> {
  try {
    return await exec(argv, options);
  } catch (error) {
    const name = packageOf[argv[0]];
    if (!isCode(error, 'unsupported') || !name) throw error;
    return fail('unsupported', `${argv[0]} is not installed; install it, on Debian with: apt install ${name}`, error);
  }
}
