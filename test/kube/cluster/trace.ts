import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { exec } from '../../../src/lib/exec.ts';

/**
 * What there is of a cluster on the machine: links, routes, control groups, mounts, loop devices, processes. Told by its
 * directory, by its bridge, and for loop devices by the last part of the directory in the name of their file.
 */
export async function tracesOf(directory: string, bridge = 'none'): Promise<string[]> {
  const { stdout: links } = await exec(['ip', '-oneline', 'link', 'show']);
  const { stdout: routes } = await exec(['ip', 'route', 'show']);
  const { stdout: loops } = await exec(['losetup', '--noheadings', '--output', 'NAME,BACK-FILE']);
  const mounts = await readFile('/proc/self/mountinfo', 'utf8');
  const lines = (text: string, word: string) => text.split('\n').filter((line) => line.includes(word));
  return [
    ...lines(links, bridge),
    ...lines(routes, bridge),
    ...lines(loops, basename(directory)),
    ...lines(mounts, directory),
    ...(await cgroups(bridge)),
    ...(await processes(directory)),
    ...(existsSync(directory) ? [directory] : []),
  ];
}

async function cgroups(bridge: string): Promise<string[]> {
  const root = '/sys/fs/cgroup';
  const found: string[] = [];
  for (const entry of ['.', ...(await readdir(root))]) {
    const names = await readdir(`${root}/${entry}`).catch(() => []);
    found.push(...names.filter((name) => name === bridge).map((name) => `cgroup ${entry}/${name}`));
  }
  return found;
}

/** Told by their arguments or by what they have from whoever started them, such as the programs of a node. */
async function processes(directory: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)) {
    const [line, environment] = await Promise.all(
      ['cmdline', 'environ'].map((file) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')),
    );
    if (`${line}${environment}`.includes(directory)) found.push(`process ${line?.replaceAll('\0', ' ').slice(0, 80)}`);
  }
  return found;
}
