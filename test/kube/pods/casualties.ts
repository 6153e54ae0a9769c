import type { Cluster, Node } from '../cluster/index.ts';
import { until } from '../cluster/index.ts';
import { home } from '../support/install.ts';

/** What Moorage runs as, by the title of its process. */
export type Program = 'agent' | 'controller';

/** Kills what runs of a program on a node, with no warning; returns how many processes that were. */
export async function kill(node: Node, program: Program): Promise<number> {
  const pids = await running(node, program);
  // Between the look and the kill, one may have ended by itself.
  await node.exec('sh', '-c', `kill -KILL ${pids.join(' ')} || true`);
  return pids.length;
}

/** Waits until a program runs again on a node, and kills it: the kubelet lets it wait longer after each time. */
export async function killAgain(node: Node, program: Program): Promise<void> {
  await until(`${program} runs on ${node.name}`, 60, async () => (await kill(node, program)) > 0);
}

/** Kills all that runs in a pod, which the kubelet then starts again. */
export async function killPod(node: Node, uid: string): Promise<void> {
  const find = `for it in /proc/[0-9]*; do grep -q ${uid} $it/cgroup && echo \${it#/proc/}; done 2>/dev/null; true`;
  const { stdout } = await node.exec('sh', '-c', find);
  const pids = stdout.trim().split(/\s+/).filter(Boolean);
  if (pids.length === 0) throw new Error(`nothing runs in pod ${uid}`);
  await node.exec('kill', '-KILL', ...pids);
}

/** Replaces all pods of Moorage, so that the kubelet forgets how often they ended, and waits until all are ready. */
export async function freshMoorage(cluster: Cluster): Promise<void> {
  await cluster.kubectl(['-n', home, 'delete', 'pods', '-l', 'app.kubernetes.io/component', '--timeout=60s']);
  await healthy(cluster);
}

/** Waits until Moorage is whole again. */
export async function healthy(cluster: Cluster): Promise<void> {
  const parts = ['daemonset/moorage-agent', 'deployment/moorage-controller'];
  for (const part of parts) await cluster.kubectl(['-n', home, 'rollout', 'status', part, '--timeout=110s']);
}

/** Milliseconds, up to so many, that nobody chose; they are printed, to tell what a failure came after. */
export async function aMoment(most: number): Promise<void> {
  const chosen = Math.round(Math.random() * most);
  console.log(`bad luck after ${chosen} ms`);
  await new Promise((resolve) => setTimeout(resolve, chosen));
}

async function running(node: Node, program: Program): Promise<string[]> {
  // Seen from inside of the node, there are no processes but its own.
  const { stdout } = await node.exec('sh', '-c', `pgrep -f '^moorage ${program}' || true`);
  return stdout.trim().split(/\s+/).filter(Boolean);
}
