import { readdir, readFile } from 'node:fs/promises';
import { type Cluster, until } from '../cluster/index.ts';

/** The example's namespace. */
export const namespace = 'wordpress';

interface Pod {
  readonly metadata: { readonly name: string; readonly uid: string };
  readonly status: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly containerStatuses?: readonly {
      readonly restartCount: number;
      readonly lastState?: { readonly terminated?: { readonly exitCode: number } };
    }[];
  };
}

/** The pods of the example: one of the database, one of the website, and whatever has not ended of those before. */
export async function pods(cluster: Cluster): Promise<Pod[]> {
  const text = await cluster.kubectl(['-n', namespace, 'get', 'pods', '-o', 'json']);
  return (JSON.parse(text) as { items: Pod[] }).items;
}

/** Waits until both pods are ready, and returns them. If they are not, the error says what happened instead. */
export async function ready(cluster: Cluster, seconds: number): Promise<Pod[]> {
  const ask = async () => {
    const all = await pods(cluster);
    return all.length === 2 && all.every(isReady) && all;
  };
  return until('both pods are ready', seconds, ask).catch(async (error) => {
    const events = await cluster.kubectl(['-n', namespace, 'get', 'pods,pvc,events']);
    throw new Error(`${String(error)}\n${events}`);
  });
}

/** How the only container of a pod has fared. */
export function containerOf({ status }: Pod): { restarts: number; lastExit: number | undefined } {
  const container = status.containerStatuses?.[0];
  return { restarts: container?.restartCount ?? 0, lastExit: container?.lastState?.terminated?.exitCode };
}

/** The process of a program in a pod, as this machine counts it: the nodes are namespaces here. */
export async function processOf({ metadata }: Pod, program: string): Promise<number> {
  for (const pid of await readdir('/proc')) {
    const read = (file: string) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
    if ((await read('comm')).trim() === program && (await read('cgroup')).includes(metadata.uid)) return Number(pid);
  }
  throw new Error(`pod ${metadata.name} has no process ${program}`);
}

function isReady({ status }: Pod): boolean {
  return status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}
