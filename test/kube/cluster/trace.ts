import { readdir, readFile } from 'node:fs/promises';
import { exec } from '../../../src/lib/exec.ts';

/** What a cluster could leave behind on a machine: links, routes, control groups, mounts, loop devices, processes. */
export async function machineState(directory: string): Promise<string[]> {
  const { stdout: links } = await exec(['ip', '-oneline', 'link', 'show']);
  const { stdout: routes } = await exec(['ip', 'route', 'show']);
  const { stdout: loops } = await exec(['losetup', '--noheadings', '--output', 'NAME,BACK-FILE']);
  const mounts = await readFile('/proc/self/mountinfo', 'utf8');
  const lines = (text: string, pattern: RegExp) => text.split('\n').filter((line) => pattern.test(line));
  return [
    ...lines(links, /moorage-k/).map((line) => line.split(': ')[1] ?? ''),
    ...lines(routes, /moorage-k/),
    ...lines(loops, /./).filter((line) => line.includes(directory) || line.includes('trace.img')),
    ...lines(mounts, new RegExp(` ${directory}`)),
    ...(await cgroups()),
    ...(await processes(directory)),
  ].sort();
}

async function cgroups(): Promise<string[]> {
  const root = '/sys/fs/cgroup';
  const found: string[] = [];
  for (const entry of ['.', ...(await readdir(root))]) {
    const names = await readdir(`${root}/${entry}`).catch(() => []);
    found.push(...names.filter((name) => name.startsWith('moorage-k')).map((name) => `cgroup ${entry}/${name}`));
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
