import { readFile } from 'node:fs/promises';
import { arch, hostname, release } from 'node:os';
import { isDeepStrictEqual } from 'node:util';
import type { Api } from '../api/api.ts';
import { timestamp } from '../lib/clock.ts';
import { type Node, nodes, topologyKey } from '../model/kinds/index.ts';

const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/**
 * Ensures the Node object of this machine, with the labels that topologies and affinities name, and that it says
 * Ready. Writes nothing if it is all there.
 */
export async function ensureNode(api: Api, name: string): Promise<Node> {
  const wish = await describe(name);
  const { metadata } = wish;
  const found = await api.get(nodes, { name });
  const labels = { ...found?.metadata.labels, ...metadata.labels };
  const node = found
    ? isDeepStrictEqual(found.metadata.labels, labels)
      ? found
      : await api.update(nodes, { ...found, metadata: { ...found.metadata, labels } })
    : await api.create(nodes, { ...wish, status: undefined } as Node);
  const status = { ...node.status, ...wish.status, conditions: readyOf(node) };
  return isDeepStrictEqual(node.status, status) ? node : await api.updateStatus(nodes, { ...node, status });
}

function readyOf(node: Node): NonNullable<NonNullable<Node['status']>['conditions']> {
  const conditions = node.status?.conditions ?? [];
  if (conditions.some(({ type, status }) => type === 'Ready' && status === 'True')) return conditions;
  const message = 'Moorage runs on this machine';
  return [
    ...conditions.filter(({ type }) => type !== 'Ready'),
    { type: 'Ready', status: 'True', reason: 'MoorageReady', message, lastTransitionTime: timestamp() },
  ];
}

async function describe(name: string): Promise<Node> {
  const architecture = architectures[arch()] ?? arch();
  const [machineID, bootID, osRelease] = await Promise.all(
    ['/etc/machine-id', '/proc/sys/kernel/random/boot_id', '/etc/os-release'].map((file) =>
      readFile(file, 'utf8').catch(() => ''),
    ),
  );
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
    status: {
      addresses: [{ type: 'Hostname', address: hostname() }],
      nodeInfo: {
        architecture,
        operatingSystem: 'linux',
        kernelVersion: release(),
        osImage: /^PRETTY_NAME="?([^"\n]*)/m.exec(osRelease ?? '')?.[1] ?? 'Linux',
        machineID: (machineID ?? '').trim(),
        bootID: (bootID ?? '').trim(),
      },
    },
  };
}
