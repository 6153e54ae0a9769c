import { isDeepStrictEqual } from 'node:util';
import type { Api } from '../../api/api.ts';
import { Controller } from '../../api/controller.ts';
import { timestamp } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import { type Node, nodes, topologyKey } from '../../model/kinds/index.ts';
import { architecture, machineStatus } from './machine-status.ts';

type Annotations = Readonly<Record<string, string>>;

/**
 * Ensures the Node object of this machine, with the labels that topologies and affinities name, and that it says
 * Ready. Writes nothing if it is all there. `kept` are annotations that it must not be without.
 */
export async function ensureNode(api: Api, name: string, kept: Annotations = {}): Promise<Node> {
  const wish = describe(name);
  const found = await api.get(nodes, { name });
  const labels = { ...found?.metadata.labels, ...wish.metadata.labels };
  const annotations = { ...kept, ...found?.metadata.annotations };
  const metadata = { ...(found ?? wish).metadata, labels, annotations };
  const isWhole =
    isDeepStrictEqual(found?.metadata.labels, labels) &&
    isDeepStrictEqual(found?.metadata.annotations ?? {}, annotations);
  const node = found
    ? isWhole
      ? found
      : await api.update(nodes, { ...found, metadata })
    : await api.create(nodes, { ...wish, metadata });
  const status = { ...node.status, ...(await machineStatus()), conditions: readyOf(node) };
  return isDeepStrictEqual(node.status, status) ? node : await api.updateStatus(nodes, { ...node, status });
}

/**
 * Writes this machine's Node again when somebody deletes it, or takes from it what it must have: mounts and placement
 * need it. What Moorage remembers in its annotations comes back with it.
 */
export function createNodeObject({ api, node, log }: { api: Api; node: string; log: Log }): Controller {
  let kept: Annotations = {};
  return new Controller({
    name: 'node-object',
    log,
    reconcile: async () => {
      const wanted = kept;
      await ensureNode(api, node, wanted);
      // A deletion may have come meanwhile.
      if (kept === wanted) kept = {};
    },
  }).watch(api.informer(nodes), ({ metadata }, { type }) => {
    if (metadata.name !== node) return [];
    if (type === 'deleted') {
      log.warn({ node }, 'the Node of this machine was deleted; writing it again');
      const own = Object.entries(metadata.annotations ?? {}).filter(([key]) => key.startsWith('moorage.dev/'));
      kept = Object.fromEntries(own);
    }
    return [node];
  });
}

/** When this process came to life: the heartbeat of a machine whose API can be asked only while it lives. */
const alive = timestamp();

function readyOf(node: Node): NonNullable<NonNullable<Node['status']>['conditions']> {
  const conditions = node.status?.conditions ?? [];
  const ready = conditions.find(({ type, status }) => type === 'Ready' && status === 'True');
  const since = ready?.lastTransitionTime ?? timestamp();
  const message = 'Moorage runs on this machine';
  const state = { type: 'Ready', status: 'True', reason: 'MoorageReady', message } as const;
  return [
    ...conditions.filter(({ type }) => type !== 'Ready'),
    { ...state, lastHeartbeatTime: alive, lastTransitionTime: since },
  ];
}

function describe(name: string): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: {
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        'kubernetes.io/arch': architecture,
        [topologyKey]: name,
      },
    },
  };
}
