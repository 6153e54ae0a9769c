import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { exec } from '../../src/lib/exec.ts';
import { attachLoop } from '../../src/node/loop.ts';

/** A btrfs of that many bytes in a file below a scratch directory, mounted there; it goes with the scratch. */
export async function mountBtrfs(scratch: string, size: number): Promise<string> {
  const file = join(scratch, 'btrfs.img');
  const target = join(scratch, 'btrfs');
  await using image = await open(file, 'wx', 0o600);
  await image.truncate(size);
  await exec(['mkfs.btrfs', '--quiet', file]);
  const device = await attachLoop(exec, file);
  await mkdir(target);
  await exec(['mount', '-t', 'btrfs', device, target]);
  return target;
}
