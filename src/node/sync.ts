import { open } from 'node:fs/promises';
import type { Exec } from '../lib/exec.ts';

/** Writes everything that the file system at the path has in memory to its device: syncfs(2). */
export async function syncFilesystem(exec: Exec, path: string): Promise<void> {
  await exec(['sync', '--file-system', path], { timeout: 600_000 });
}

/** fsync(2) of a file, a directory or a block device. On a device, what was written through its cache. */
export async function syncPath(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
