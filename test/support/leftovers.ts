import { readdir, readFile } from 'node:fs/promises';

/** Mounts and loop devices whose path or backing file lies below `directory`: what a test must not leave behind. */
export async function leftovers(directory: string): Promise<string[]> {
  const mounts = (await readFile('/proc/self/mountinfo', 'utf8'))
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((path) => path === directory || path.startsWith(`${directory}/`));
  const loops: string[] = [];
  for (const name of await readdir('/sys/block')) {
    const file = await readFile(`/sys/block/${name}/loop/backing_file`, 'utf8').catch(() => '');
    if (file.startsWith(`${directory}/`)) loops.push(`/dev/${name} on ${file.trim()}`);
  }
  return [...mounts.map((path) => `mount ${path}`), ...loops];
}
