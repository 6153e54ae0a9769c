/**
 * Measures whether what a claim costs in a cluster stays flat as pools and claims grow, and prints a table: made-up pools on
 * made-up nodes, and claims that are there already. `npm run bench:growth`; `--quick` does a little of it.
 */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startCluster } from '../../test/kube/cluster/index.ts';
import { Client } from '../client.ts';
import { cpuSeconds } from './accounting.ts';
import { burstOf } from './burst.ts';
import { startOurs } from './ours.ts';

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });
const scale = values.quick ? { claims: 20, pools: [2, 20] } : { claims: 200, pools: [2, 100, 1_000] };
const pools = '/apis/moorage.dev/v1alpha1/pools';
const atOnce = 20;

const directory = await mkdtemp(join(tmpdir(), 'moorage-bench-'));
try {
  await using cluster = await startCluster({ directory: join(directory, 'kube'), kcm: 'raised', say });
  await using client = new Client(cluster.kubeconfig);
  await using stack = await startOurs(cluster, say);
  const server = await apiServerOf(join(directory, 'kube'));
  console.log('| pools | claims a second | p99 | processor of ours for a claim | of the API server | requests |');
  console.log('| --- | --- | --- | --- | --- | --- |');
  let there = 2;
  for (const count of scale.pools) {
    while (there < count) there += await makePools(client, there, Math.min(atOnce, count - there));
    say(`${count} pools: ${scale.claims} claims`);
    const before = await cpuSeconds([server]);
    const { rate, p99, cpu, requests } = await burstOf(cluster, client, stack, scale.claims);
    const ofServer = ((await cpuSeconds([server])) - before) / scale.claims;
    const figures = [
      rate.toFixed(1),
      `${p99.toFixed(0)} ms`,
      `${cpu.toFixed(1)} ms`,
      `${(ofServer * 1000).toFixed(0)} ms`,
    ];
    console.log(`| ${[count, ...figures, requests.toFixed(1)].join(' | ')} |`);
  }
} finally {
  await rm(directory, { recursive: true, force: true });
}

/** Makes pools on nodes that are not there, and returns how many. */
async function makePools(client: Client, from: number, count: number): Promise<number> {
  const names = Array.from({ length: count }, (_, index) => `made-up-${from + index}`);
  await Promise.all(
    names.map((name) =>
      client.call('POST', pools, {
        apiVersion: 'moorage.dev/v1alpha1',
        kind: 'Pool',
        metadata: { name },
        spec: { node: name, path: '/made-up' },
      }),
    ),
  );
  return count;
}

/** The process of the cluster's API server: the one that was given the cluster's own directory. */
async function apiServerOf(home: string): Promise<number> {
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (/kube-apiserver/.test(line.split('\0')[0] ?? '') && line.includes(home)) return Number(pid);
  }
  throw new Error(`no API server was started with ${home}`);
}

function say(text: string): void {
  console.error(`bench: ${text}`);
}
