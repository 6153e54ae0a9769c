import { median } from '../statistics.ts';
import type { KubeBurst } from './burst.ts';
import type { PodTimes } from './pods.ts';

/** What one stack reached. */
export interface StackResult {
  readonly name: string;
  /** With every limit of the controller manager raised. */
  readonly raised?: KubeBurst;
  /** With the limits that the controller manager has by itself. */
  readonly defaults?: KubeBurst;
  readonly pods?: PodTimes;
}

/** All that one run measured in clusters. */
export interface KubeMeasured {
  readonly machine: string;
  readonly date: string;
  readonly version: string;
  readonly ours: StackResult;
  /** Undefined if the environment named no peers. */
  readonly peer?: StackResult;
}

/** What the official stack reached when it was last measured here by hand: what to compare with if no peer runs along. */
const known = { raised: 65, defaults: 4, cpu: 4.2, memory: 400 };

type Pick = (result: StackResult) => number | undefined;

/** The run as a section of Markdown. */
export function kubePage({ machine, date, version, ours, peer }: KubeMeasured): string {
  const against = peer ?? { name: 'seen before' };
  const of = (pick: Pick, fallback?: number) => pick(against) ?? fallback;
  const row = (
    what: string,
    pick: Pick,
    target: string,
    met: (value: number, other: number | undefined) => boolean,
    show: (value: number) => string,
    fallback?: number,
  ) => {
    const value = pick(ours);
    if (value === undefined) return [];
    const other = of(pick, fallback);
    const verdict = met(value, other) ? 'met' : '**not met**';
    return [cells(what, value, other, show, target, verdict)];
  };
  const fact = (what: string, pick: Pick, show: (value: number) => string) => {
    const value = pick(ours);
    return value === undefined ? [] : [cells(what, value, of(pick), show, '', '')];
  };
  const rate = (value: number) => `${value.toFixed(1)} a second`;
  const count = ours.raised?.count ?? ours.defaults?.count ?? 0;
  const lines = [
    ...row(
      `${count} claims in a burst to Bound, every limit raised`,
      (it) => it.raised?.rate,
      '≥ 1.3 ×',
      (a, b) => a >= 1.3 * (b ?? 0),
      rate,
      known.raised,
    ),
    ...row(
      "the same with the controller manager's own limits",
      (it) => it.defaults?.rate,
      '≥ 20 ×',
      (a, b) => a >= 20 * (b ?? 0),
      rate,
      known.defaults,
    ),
    ...row(
      'processor time for one claim, own processes',
      (it) => it.raised?.cpu,
      '≤ the same',
      (a, b) => a <= (b ?? 0),
      (value) => `${value.toFixed(1)} ms`,
      known.cpu,
    ),
    ...row(
      `memory with ${count} claims, one process of each kind`,
      (it) => it.raised?.memory,
      '≤ half',
      (a, b) => a <= (b ?? 0) / 2,
      (value) => `${value.toFixed(0)} MiB`,
      known.memory,
    ),
    ...fact(
      'the same, all processes: two controllers, and an agent on each node',
      (it) => it.raised?.memoryOfAll,
      (value) => `${value.toFixed(0)} MiB`,
    ),
    ...row(
      'requests to the API server for one claim after its creation, to Bound',
      (it) => it.raised?.requests,
      'fewer',
      (a, b) => b === undefined || a < b,
      (value) => value.toFixed(2),
    ),
    ...fact(
      'the same with what is written and told afterwards',
      (it) => it.raised?.requestsInAll,
      (value) => value.toFixed(2),
    ),
    ...row(
      'pod with a new WaitForFirstConsumer claim, to running',
      (it) => it.pods && median(it.pods.withClaim),
      '≤ 1.5 s',
      (a) => a <= 1500,
      seconds,
    ),
    ...fact('the same pod without a claim', (it) => it.pods && median(it.pods.without), seconds),
    ...row(
      'pod and claim deleted, to volume gone',
      (it) => it.pods && median(it.pods.deletion),
      '≤ 2 s',
      (a) => a <= 2000,
      seconds,
    ),
    ...fact(
      `${count} claims deleted, to the last volume gone, every limit raised`,
      (it) => it.raised?.deletion,
      (value) => `${value.toFixed(1)} s`,
    ),
  ];
  return [
    '## In a Kubernetes cluster',
    `Written by \`npm run bench:kube\`: Kubernetes ${version}, two nodes and the control plane on one machine; ${machine}; ${date}.`,
    ['| what | Moorage | official stack | to reach | |', '| --- | --- | --- | --- | --- |', ...lines].join('\n'),
    [latencies(ours), ...(peer ? [latencies(peer)] : [])].join('\n'),
    peer ? withPeer : withoutPeer,
    how,
  ].join('\n\n');
}

/** One line of the table. */
function cells(
  what: string,
  value: number,
  other: number | undefined,
  show: (value: number) => string,
  target: string,
  verdict: string,
): string {
  return `| ${what} | ${show(value)} | ${other === undefined ? '' : show(other)} | ${target} | ${verdict} |`;
}

function latencies({ name, raised, defaults }: StackResult): string {
  const said = (burst: KubeBurst | undefined, limits: string) =>
    burst ? [`${limits}: ${burst.count} claims, one claim p50 ${seconds(burst.p50)}, p99 ${seconds(burst.p99)}`] : [];
  return `- ${name}: ${[...said(raised, 'limits raised'), ...said(defaults, 'own limits')].join('; ')}.`;
}

const withPeer =
  'The official stack ran in the same clusters, on the same machine, after Moorage was uninstalled: provisioner (100 workers), resizer, snapshotter, snapshot controller (each with 200 requests a second, 400 in a burst), registrar, and the hostpath driver with a volume that is a directory; without attaching. Moorage ran as its chart installs it: two controllers and an agent on each node.';
const withoutPeer =
  'The column of the official stack is what was seen there before, on the same kind of machine: `MOORAGE_BENCH_PEERS` named no directory with `csi-provisioner`, `hostpathplugin` and `csi-node-driver-registrar`, so they did not run side by side.';
const how = `### How, in a cluster
- kube-controller-manager with \`--kube-api-qps=300 --kube-api-burst=600\` (limits raised), or without these flags (20 and 30);
  etcd with \`--unsafe-no-fsync\`; kube-apiserver with \`--max-requests-inflight=800\`.
- Claims of 1 MiB come from a client in a process of its own, 20 requests in flight, and are seen Bound by its watch.
  Each volume of Moorage is a real one: a sparse file in a pool, ready to be attached.
- Requests are those that the API server counted until the last claim was bound, and until 20 s later, without watches, leases, nodes
  and pods, and without the creation of the claim itself.
- Memory is the proportional set size (PSS) of the processes added up, 20 s after the burst: a page that several share counts in parts.
  What it is compared with runs once of each: provisioner, resizer, snapshotter, snapshot controller, registrar and driver; so do the
  controller that leads and one agent. Processor time and requests are those of all processes.
- Times of pods are medians over the rounds, which come at different moments of the second after which a kubelet looks at its containers
  again. The image is on the node, and the program ends when it is told to.
- What bounds these numbers: [decision 0012](decisions/0012-what-bounds-a-claim-in-a-cluster.md).`;

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
