/**
 * Measures what we claim of Moorage in a Kubernetes cluster, and writes that section of docs/performance.md. `--quick`
 * does a little of everything and prints the section instead. MOORAGE_BENCH_PEERS names a directory with programs of
 * the official stack, to run side by side.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Cluster, startCluster } from '../../test/kube/cluster/index.ts';
import { Client } from '../client.ts';
import { describeMachine } from '../machine.ts';
import { writeSection } from '../section.ts';
import { burstOf } from './burst.ts';
import { startOurs } from './ours.ts';
import { kubePage, type StackResult } from './page.ts';
import { peerPrograms, startPeer } from './peer.ts';
import { podTimes } from './pods.ts';
import type { Stack } from './stack.ts';

type Draft = { -readonly [Key in keyof StackResult]: StackResult[Key] };
type Limits = 'raised' | 'default';

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });
const { quick } = values;
// The official stack binds four claims a second within the default limits.
const scale = quick ? { claims: 40, slowClaims: 20, rounds: 2 } : { claims: 1_000, slowClaims: 200, rounds: 9 };
const programs = peerPrograms();
const [ours, peer]: [Draft, Draft] = [{ name: '' }, { name: '' }];
let version = '';

for (const limits of ['raised', 'default'] as const) {
  say(`a cluster, its controller manager with ${limits} limits`);
  const directory = await mkdtemp(join(tmpdir(), 'moorage-bench-'));
  try {
    await using cluster = await startCluster({ directory: join(directory, 'kube'), kcm: limits, say });
    version = JSON.parse(await cluster.kubectl(['get', '--raw', '/version'])).gitVersion;
    {
      await using stack = await startOurs(cluster, say);
      await measure(cluster, stack, limits, ours, scale.claims);
    }
    if (programs) {
      await using client = new Client(cluster.kubeconfig);
      await using stack = await startPeer(cluster, client, programs);
      await measure(cluster, stack, limits, peer, limits === 'raised' ? scale.claims : scale.slowClaims);
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const machine = await describeMachine(tmpdir());
const date = new Date().toISOString().slice(0, 10);
const section = kubePage({ machine, date, version, ours, ...(programs ? { peer } : {}) });
if (quick) process.stdout.write(`${section}\n`);
else await writeSection('kubernetes', section);
say(quick ? 'done' : 'wrote docs/performance.md');

async function measure(cluster: Cluster, stack: Stack, limits: Limits, into: Draft, claims: number): Promise<void> {
  await using client = new Client(cluster.kubeconfig);
  into.name = stack.name;
  if (limits === 'raised') {
    say(`${stack.name}: pods`);
    into.pods = await podTimes(cluster.kubeconfig, stack, scale.rounds);
  }
  say(`${stack.name}: ${claims} claims in a burst`);
  into[limits === 'raised' ? 'raised' : 'defaults'] = await burstOf(cluster, client, stack, claims);
}

function say(text: string): void {
  console.error(`bench: ${text}`);
}
