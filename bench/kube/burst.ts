import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { exec } from '../../src/lib/exec.ts';
import { type Cluster, until } from '../../test/kube/cluster/index.ts';
import type { Client } from '../client.ts';
import { paths } from '../objects.ts';
import { cpuSeconds, memoryMiB, requestsAnswered } from './accounting.ts';
import type { Stack } from './stack.ts';

/** What a burst of claims took: rate in claims a second, latencies in ms. */
export interface KubeBurst {
  readonly count: number;
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
  /** Milliseconds of processor for one claim, of the stack's own processes, until all was quiet. */
  readonly cpu: number;
  /** MiB of one process of each kind that the stack has, with the claims there. */
  readonly memory: number;
  /** MiB of all its processes. */
  readonly memoryOfAll: number;
  /** Requests to the API server for one claim until all were bound, by everybody but the client that created it. */
  readonly requests: number;
  /** The same until all was quiet: what is told of them comes when there is time. */
  readonly requestsInAll: number;
  /** Seconds until the volumes of all claims, deleted at once, were gone. */
  readonly deletion: number;
}

interface Listing {
  readonly items: readonly { readonly spec: { readonly storageClassName?: string } }[];
}

/** Creates so many claims, 20 at a time, sees them bound, counts what that took, and deletes them. */
export async function burstOf(cluster: Cluster, client: Client, stack: Stack, count: number): Promise<KubeBurst> {
  const pids = await stack.processes();
  const before = { cpu: await cpuSeconds(pids), requests: await requestsAnswered(cluster) };
  const program = join(import.meta.dirname, '../burst.ts');
  const argv = [process.execPath, program, cluster.kubeconfig, String(count), '20', stack.classes.immediate] as const;
  const { stdout } = await exec(argv, { timeout: 120_000 + count * 500 });
  const answered = async () => ((await requestsAnswered(cluster)) - before.requests) / count - 1;
  const requests = await answered();
  const { rate, p50, p99 } = JSON.parse(stdout) as { rate: number; p50: number; p99: number };
  // The last events are written when the burst is over.
  await sleep(20_000);
  const cpu = (((await cpuSeconds(pids)) - before.cpu) / count) * 1000;
  const requestsInAll = await answered();
  const [memory, memoryOfAll] = [await memoryMiB(await stack.oneOfEach()), await memoryMiB(pids)];
  const started = performance.now();
  await client.call('DELETE', paths.claims);
  await until(`the volumes of ${count} claims are gone`, 600, async () => {
    const { items } = (await client.call('GET', '/api/v1/persistentvolumes')) as Listing;
    return items.every(({ spec }) => spec.storageClassName !== stack.classes.immediate);
  });
  const deletion = (performance.now() - started) / 1000;
  return { count, rate, p50, p99, cpu, memory, memoryOfAll, requests, requestsInAll, deletion };
}
