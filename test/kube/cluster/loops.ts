import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { exec } from '../../../src/lib/exec.ts';

const devices = z.object({
  loopdevices: z.array(z.object({ name: z.string(), 'back-ino': z.coerce.string(), 'back-maj:min': z.string() })),
});

/**
 * Detaches the loop devices whose files lie below a directory. They are told by device and inode: the path that the
 * kernel knows may be one in the mount namespace of a node that is gone.
 */
export async function detachLoops(directory: string): Promise<void> {
  const { stdout } = await exec(['losetup', '--json', '--output', 'NAME,BACK-INO,BACK-MAJ:MIN']);
  if (stdout.trim() === '') return;
  const { loopdevices } = devices.parse(JSON.parse(stdout));
  if (loopdevices.length === 0) return;
  const below = await inodes(directory);
  for (const device of loopdevices) {
    if (below.has(`${device['back-maj:min'].trim()} ${device['back-ino']}`)) await exec(['losetup', '-d', device.name]);
  }
}

async function inodes(directory: string): Promise<Set<string>> {
  const found = new Set<string>();
  for (const entry of await readdir(directory, { withFileTypes: true }).catch(() => [])) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) for (const inode of await inodes(path)) found.add(inode);
    if (!entry.isFile()) continue;
    const { dev, ino } = await lstat(path);
    found.add(`${dev >> 8}:${dev & 0xff} ${ino}`);
  }
  return found;
}
