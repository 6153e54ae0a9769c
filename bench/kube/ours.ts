import { readdir, readFile } from 'node:fs/promises';
import { fail } from '../../src/lib/errors.ts';
import type { Cluster } from '../../test/kube/cluster/index.ts';
import { helm, home, installMoorage } from '../../test/kube/support/install.ts';
import { memoryMiB } from './accounting.ts';
import type { Stack } from './stack.ts';

/** Moorage, installed by its chart as an administrator does. It is gone again when disposed of. */
export async function startOurs(cluster: Cluster, say: (text: string) => void): Promise<Stack & AsyncDisposable> {
  await installMoorage(cluster, { say, values: { immediateClass: { create: true } } });
  return {
    name: 'Moorage',
    classes: { immediate: 'moorage-immediate', firstConsumer: 'moorage' },
    processes: () => processesIn(cluster, /^moorage (controller|agent)\b/),
    // The controller that leads, and one of the agents.
    oneOfEach: async () => {
      const [controllers, agents] = [
        await processesIn(cluster, /^moorage controller\b/),
        await processesIn(cluster, /^moorage agent\b/),
      ];
      return [await largest(controllers), await largest(agents)];
    },
    [Symbol.asyncDispose]: async () => {
      await helm(cluster, ['uninstall', 'moorage', `--namespace=${home}`, '--wait']);
    },
  };
}

/** The processes of a cluster's pods, by their command lines. */
async function processesIn({ network }: Cluster, wanted: RegExp): Promise<number[]> {
  const group = `/${network?.bridge ?? ''}/`;
  const found: number[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const read = (file: string) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
    if (wanted.test(await read('cmdline')) && (await read('cgroup')).includes(group)) found.push(Number(pid));
  }
  return found;
}

async function largest(pids: readonly number[]): Promise<number> {
  const sizes = await Promise.all(pids.map(async (pid) => ({ pid, size: await memoryMiB([pid]) })));
  return sizes.toSorted((one, other) => other.size - one.size)[0]?.pid ?? fail('internal', 'nothing of Moorage runs');
}
