import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { fail } from '../../../src/lib/errors.ts';
import { exec } from '../../../src/lib/exec.ts';

const devices = z.object({
  loopdevices: z.array(
    z.object({
      name: z.string(),
      'maj:min': z.string().transform((text) => text.trim()),
      'back-ino': z.coerce.string(),
      'back-maj:min': z.string().transform((text) => text.trim()),
    }),
  ),
});

/**
 * Detaches the loop devices whose files lie below a directory, and before them those whose files lie on these: the
 * volumes of a pool, which hold it though it is mounted nowhere any more. They are told by device and inode: the path
 * that the kernel knows may be one in the mount namespace of a node that is gone.
 */
export async function detachLoops(directory: string): Promise<void> {
  const columns = 'NAME,MAJ:MIN,BACK-INO,BACK-MAJ:MIN';
  const { stdout } = await exec(['losetup', '--json', '--output', columns]);
  if (stdout.trim() === '') return;
  const { loopdevices } = devices.parse(JSON.parse(stdout));
  if (loopdevices.length === 0) return;
  const below = await inodes(directory);
  let found = loopdevices.filter((it) => below.has(`${it['back-maj:min']} ${it['back-ino']}`));
  const names: string[] = [];
  while (found.length > 0) {
    names.unshift(...found.map(({ name }) => name));
    const numbers = new Set(found.map((it) => it['maj:min']));
    found = loopdevices.filter((it) => numbers.has(it['back-maj:min']) && !names.includes(it.name));
  }
  for (const name of names) {
    // One that was to go with its last user goes by itself as soon as the volumes on it are detached.
    const { code, stderr } = await exec(['losetup', '-d', name], { ok: [0, 1] });
    if (code !== 0 && !stderr.includes('No such device or address')) {
      fail('internal', `detaching ${name}: ${stderr.trim()}`);
    }
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
