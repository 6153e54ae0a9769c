import { readdir, readFile } from 'node:fs/promises';

/** Mounts and loop devices whose path or backing file lies below `directory`: what a test must not leave behind. */
export async function leftovers(directory: string): Promise<string[]> {
  const mounts = (await readFile('/proc/self/mountinfo', 'utf8'))
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((path) => path === directory || path.startsWith(`${directory}/`));
  const loops: string[] = [];
  for (const name of await readdir('/sys/block')) {
    const loop = `/sys/block/${name}/loop`;
    const file = await readFile(`${loop}/backing_file`, 'utf8').catch(() => '');
    // One that the kernel clears by itself waits only for other mount namespaces, which had a copy of the mount.
    const leaving = (await readFile(`${loop}/autoclear`, 'utf8').catch(() => '')).trim() === '1';
    if (file.startsWith(`${directory}/`) && !leaving) loops.push(`/dev/${name} on ${file.trim()}`);
  }
  return [...mounts.map((path) => `mount ${path}`), ...loops];
}
