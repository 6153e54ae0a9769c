import { mkdir, readFile, rm } from 'node:fs/promises';
import { exec } from '../../../src/lib/exec.ts';
import { type Layout, nodeDirectories } from './layout.ts';
import type { Processes } from './processes.ts';
import { until } from './wait.ts';

/** Ignores its children's ends, so that the kernel takes away whatever is left to it, and else does nothing. */
const firstProcess = 'trap "" CHLD; exec sleep infinity';

/**
 * Starts the first process of a node, in namespaces of its own for processes, mounts, network and host name: when it
 * ends, all that is in the node ends, and its mounts and wires are gone. Returns its process id on this machine.
 */
export async function makeNamespaces(layout: Layout, processes: Processes, name: string): Promise<number> {
  // As at every start of a machine.
  await rm(layout.node(name, 'run'), { recursive: true, force: true });
  for (const directory of Object.keys(nodeDirectories)) {
    await mkdir(layout.node(name, directory), { recursive: true });
  }
  for (const path of Object.values(nodeDirectories)) await mkdir(path, { recursive: true });
  const pid = await processes.startInside(`${name}-init`, [
    'unshare',
    '--net',
    '--mount',
    '--pid',
    '--uts',
    '--propagation=private',
    '--fork',
    '--mount-proc',
    'sh',
    '-c',
    firstProcess,
  ]);
  await until(`the first process of ${name} is there`, 10, async () =>
    (await readFile(`/proc/${pid}/cmdline`, 'utf8')).startsWith('sleep'),
  );
  const inside = (...argv: [string, ...string[]]) => exec(enter(pid, argv));
  // What happens to be mounted on this machine is not the node's: it would keep those devices busy for its whole life.
  const { stdout } = await inside('findmnt', '--noheadings', '--raw', '--output', 'SOURCE,TARGET');
  for (const line of stdout.split('\n').reverse()) {
    const [source = '', target = ''] = line.split(' ');
    if (source.startsWith('/dev/loop')) await inside('umount', '--lazy', target);
  }
  for (const [directory, path] of Object.entries(nodeDirectories)) {
    await inside('mount', '--bind', layout.node(name, directory), path);
  }
  // Only now: each of them is then shared for itself, and a mount in it does not also appear at its source.
  await inside('mount', '--make-rshared', '/');
  await inside('hostname', name);
  return pid;
}

/** The argv that runs a program inside of a node. */
export function enter(pid: number, argv: readonly [string, ...string[]]): [string, ...string[]] {
  return ['nsenter', '--target', String(pid), '--net', '--mount', '--pid', '--uts', '--', ...argv];
}
