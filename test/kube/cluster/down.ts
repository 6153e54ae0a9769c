import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { exec } from '../../../src/lib/exec.ts';
import { removeCgroup } from './cgroups.ts';
import type { Layout } from './layout.ts';
import { detachLoops } from './loops.ts';
import { Network, removeBridge } from './network.ts';
import { Processes } from './processes.ts';
import { readState } from './state.ts';

/**
 * Takes away everything of the cluster in a directory, and the directory: processes, and with them namespaces, mounts
 * and wires; loop devices, control groups, the bridge. Also of one that was never whole. Returns false if there is none.
 */
export async function takeDown(layout: Layout): Promise<boolean> {
  if (!existsSync(layout.directory)) return false;
  await new Processes(layout).killAll();
  const { network: number } = (await readState(layout).catch(() => undefined)) ?? {};
  if (number !== undefined) {
    const network = new Network(number);
    await removeCgroup(`/${network.bridge}`);
    await removeBridge(network);
  }
  await detachLoops(layout.directory);
  await unmountBelow(layout.directory);
  await rm(layout.directory, { recursive: true, force: true });
  return true;
}

/** A node's mounts go with its namespace. These are those that somebody made from outside. */
async function unmountBelow(directory: string): Promise<void> {
  const lines = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n');
  const paths = lines.map((line) => line.split(' ')[4] ?? '').filter((path) => path.startsWith(`${directory}/`));
  for (const path of paths.reverse()) await exec(['umount', path]);
}
