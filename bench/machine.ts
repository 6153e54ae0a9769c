import { statfs } from 'node:fs/promises';
import { cpus, release, totalmem } from 'node:os';
import { exec } from '../src/lib/exec.ts';

/** The machine in general words: cores, memory, kernel, and the file system of a directory. */
export async function describeMachine(directory: string): Promise<string> {
  const { stdout } = await exec(['findmnt', '--noheadings', '--output', 'FSTYPE', '--target', directory]);
  const { blocks, bsize } = await statfs(directory);
  const disk = `${stdout.trim()} of ${Math.round((blocks * bsize) / 1e9)} GB`;
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  return `${cpus().length} cores, ${memory} of memory, Linux ${release().split('-')[0]}, data on ${disk}, Node.js ${process.versions.node}`;
}
