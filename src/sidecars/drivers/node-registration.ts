import type { Api } from '../../api/api.ts';
import { Controller } from '../../api/controller.ts';
import { isCode } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import { nodes } from '../../model/kinds/core.ts';
import { type CSINode, csiDrivers, csiNodes } from '../../model/kinds/storage.ts';
import type { Introduction } from './introduce.ts';

type Entry = NonNullable<CSINode['spec']['drivers']>[number];

/** Ensures the CSIDriver object; one that is there is left as its administrator wants it. */
export async function ensureDriverObject(api: Api, { name, capabilities }: Introduction): Promise<void> {
  if (await api.get(csiDrivers, { name })) return;
  try {
    await api.create(csiDrivers, {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'CSIDriver',
      metadata: { name },
      spec: {
        attachRequired: capabilities.publish,
        podInfoOnMount: false,
        storageCapacity: false,
        fsGroupPolicy: 'ReadWriteOnceWithFSType',
        volumeLifecycleModes: ['Persistent'],
        requiresRepublish: false,
      },
    });
  } catch (error) {
    if (!isCode(error, 'already-exists')) throw error;
  }
}

/** Makes the node known to a driver and the driver to the node: its CSINode entry, and labels for its topology. */
export async function registerNode(api: Api, node: string, introduction: Introduction): Promise<void> {
  if (!introduction.node) return;
  const { id, maxVolumes, topology } = introduction.node;
  await ensureLabels(api, node, topology);
  await ensureEntry(api, node, {
    name: introduction.name,
    nodeID: id,
    topologyKeys: Object.keys(topology).sort(),
    ...(maxVolumes > 0n && { allocatable: { count: Number(maxVolumes) } }),
  });
}

/**
 * Registers the drivers that have introduced themselves again when somebody deletes what tells of them: the CSIDriver,
 * the CSINode or one of its entries, or the node's labels.
 */
export function createRegistration({
  api,
  node,
  log,
  introductions,
}: {
  readonly api: Api;
  readonly node: string;
  readonly log: Log;
  readonly introductions: ReadonlyMap<string, Introduction>;
}): Controller {
  const known = () => [...introductions.keys()];
  const ofThisNode = ({ metadata }: { metadata: { name: string } }) => (metadata.name === node ? known() : []);
  return new Controller({
    name: 'driver-registration',
    log,
    concurrency: 1,
    reconcile: async (name) => {
      const introduction = introductions.get(name);
      if (!introduction) return;
      await ensureDriverObject(api, introduction);
      await registerNode(api, node, introduction);
    },
  })
    .watch(api.informer(csiDrivers), ({ metadata }, { type }) => (type === 'deleted' ? [metadata.name] : []))
    .watch(api.informer(csiNodes), ofThisNode)
    .watch(api.informer(nodes), ofThisNode);
}

async function ensureLabels(api: Api, name: string, topology: Readonly<Record<string, string>>): Promise<void> {
  const node = await api.get(nodes, { name });
  const labels = { 'kubernetes.io/hostname': name, ...topology };
  if (!node) {
    try {
      await api.create(nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name, labels } });
      return;
    } catch (error) {
      if (!isCode(error, 'already-exists')) throw error;
    }
  }
  const present = node?.metadata.labels ?? {};
  if (Object.entries(topology).every(([key, value]) => present[key] === value)) return;
  await api.patch(nodes, { name }, { type: 'merge', body: { metadata: { labels: topology } } });
}

async function ensureEntry(api: Api, name: string, entry: Entry): Promise<void> {
  for (;;) {
    const present = await api.get(csiNodes, { name });
    try {
      if (!present) {
        await api.create(csiNodes, {
          apiVersion: 'storage.k8s.io/v1',
          kind: 'CSINode',
          metadata: { name },
          spec: { drivers: [entry] },
        });
        return;
      }
      const drivers = withEntry(present.spec.drivers ?? [], entry);
      if (drivers) await api.update(csiNodes, { ...present, spec: { ...present.spec, drivers } });
      return;
    } catch (error) {
      if (!isCode(error, 'conflict', 'already-exists')) throw error;
    }
  }
}

/** The drivers of a node with this entry among them; undefined if that is so already. */
export function withEntry(drivers: readonly Entry[], entry: Entry): Entry[] | undefined {
  const at = drivers.findIndex(({ name }) => name === entry.name);
  if (at < 0) return [...drivers, entry];
  const present = drivers[at];
  const same =
    present?.nodeID === entry.nodeID &&
    (present.topologyKeys ?? []).join() === (entry.topologyKeys ?? []).join() &&
    present.allocatable?.count === entry.allocatable?.count;
  return same ? undefined : drivers.with(at, entry);
}
