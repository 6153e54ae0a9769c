import { readFile } from 'node:fs/promises';
import { exec } from '../../lib/exec.ts';
import { type Check, good, limited } from '../../lib/finding.ts';
import { runTool } from '../../node/tools.ts';

const btrfs: Check = async () => {
  const what = 'engine quota';
  if (process.getuid?.() !== 0) return limited(what, 'takes root: only root can set the limits of a btrfs');
  const filesystems = await readFile('/proc/filesystems', 'utf8');
  const version = await runTool(exec, ['btrfs', '--version']).catch(() => undefined);
  if (!version) return limited(what, 'btrfs is not installed', 'for pools on a btrfs: apt install btrfs-progs');
  const here = /^\s*btrfs$/m.test(filesystems) ? 'the kernel has btrfs' : 'the kernel may load btrfs';
  return good(what, `possible on a btrfs: ${here}, and ${version.stdout.trim()} is there`);
};

/** What the quota engine needs of a machine. */
export const quotaChecks: readonly Check[] = [btrfs];
