import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { selectedNodeAnnotation } from '../../../src/model/claims/well-known.ts';
import {
  csiDrivers,
  csiNodes,
  csiStorageCapacities,
  events,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
} from '../../../src/model/kinds/index.ts';
import { until } from '../cluster/wait.ts';
import { driverName, nodeKey } from './memory-driver.ts';
import { BindingWorld } from './world.ts';

const Gi = 1n << 30n;
const namespace = 'pods';

/** Nodes without a kubelet: pods are given to them, and never run. */
describe('pods whose claims wait for their node', () => {
  let world: BindingWorld;

  beforeAll(async () => {
    const rooms = new Map([
      ['n1', 4n * Gi],
      ['n2', 8n * Gi],
    ]);
    world = await BindingWorld.start('default', rooms);
    const { api } = world;
    await world.namespace(namespace);
    await world.storageClass('memory', { volumeBindingMode: 'WaitForFirstConsumer' });
    await api.create(csiDrivers, {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'CSIDriver',
      metadata: { name: driverName },
      spec: { attachRequired: false, storageCapacity: true },
    });
    await until('the default service account', 60, async () => {
      const text = await world.cluster.kubectl(['get', 'serviceaccounts', '-n', namespace, '-o', 'name']);
      return text.includes('default');
    });
    for (const node of rooms.keys()) await makeNode(node);
  }, 300_000);
  afterAll(async () => await world?.[Symbol.asyncDispose]());

  async function makeNode(name: string): Promise<void> {
    const { api } = world;
    const labels = { 'kubernetes.io/hostname': name, [nodeKey]: name };
    await api.create(nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name, labels } });
    const status = {
      capacity: { cpu: '8', memory: '8Gi', pods: '100' },
      conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: new Date().toISOString() }],
    };
    await api.patch(nodes, { name }, { type: 'merge', body: { status } }, { subresource: 'status' });
    // Where there is no kubelet, what the admission gives every new node is never taken off.
    await api.patch(nodes, { name }, { type: 'merge', body: { spec: { taints: null } } });
    await api.create(csiNodes, {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'CSINode',
      metadata: { name },
      spec: { drivers: [{ name: driverName, nodeID: name, topologyKeys: [nodeKey] }] },
    });
  }

  async function pod(name: string, storage: string, preferred?: string): Promise<void> {
    const { api } = world;
    await world.claim(namespace, name, { resources: { requests: { storage } } });
    await api.create(pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace },
      spec: {
        // No kubelet keeps these nodes alive for long.
        tolerations: [{ operator: 'Exists' }],
        ...(preferred && { affinity: { nodeAffinity: rather(preferred) } }),
        containers: [{ name: 'main', image: 'none', volumeMounts: [{ name: 'data', mountPath: '/data' }] }],
        volumes: [{ name: 'data', persistentVolumeClaim: { claimName: name } }],
      },
    });
  }

  const claimOf = (name: string) => world.api.get(persistentVolumeClaims, { namespace, name });
  const nodeOf = async (name: string) => (await world.api.get(pods, { namespace, name }))?.spec?.['nodeName'];
  const placed = (name: string) => until(`pod ${name} has a node`, 60, async () => (await nodeOf(name)) || false);
  const told = async (name: string, reasons = ['ProvisioningFailed']) =>
    (await world.api.list(events, { namespace })).items.filter(
      (it) => it.involvedObject.name === name && reasons.includes(it.reason ?? ''),
    );
  const capacities = async () =>
    Object.fromEntries(
      (await world.api.list(csiStorageCapacities)).items.map((it) => [
        it.nodeTopology?.matchLabels?.[nodeKey],
        it.capacity,
      ]),
    );

  test('the room of each node is published', async () => {
    await until('both are', 30, async () => Object.keys(await capacities()).length === 2);
    expect(await capacities()).toEqual({ n1: '4Gi', n2: '8Gi' });
    const [one] = (await world.api.list(csiStorageCapacities)).items;
    expect(one).toMatchObject({
      metadata: {
        name: expect.stringMatching(/^csisc-/),
        labels: { 'csi.storage.k8s.io/drivername': driverName, 'csi.storage.k8s.io/managed-by': 'moorage' },
      },
      storageClassName: 'memory',
      maximumVolumeSize: one?.capacity,
    });
  });

  test('a pod gets a volume where it is, and the binder finds nothing to correct', async () => {
    await pod('first', '1Gi');
    const node = await placed('first');
    const claim = await claimOf('first');
    expect(claim).toMatchObject({
      metadata: {
        annotations: { [selectedNodeAnnotation]: node, 'pv.kubernetes.io/bind-completed': 'yes' },
        finalizers: ['kubernetes.io/pvc-protection'],
      },
      status: { phase: 'Bound', capacity: { storage: '1Gi' } },
    });
    const volume = await world.api.get(persistentVolumes, { name: claim?.spec.volumeName ?? '' });
    expect(volume?.spec.claimRef?.uid).toBe(claim?.metadata.uid);
    expect(volume?.status?.phase).toBe('Bound');
    expect(volume?.spec.nodeAffinity?.required?.nodeSelectorTerms).toEqual([
      { matchExpressions: [{ key: nodeKey, operator: 'In', values: [node] }] },
    ]);
  });

  test('a full node is not chosen', async () => {
    await pod('large', '5Gi');
    expect(await placed('large')).toBe('n2');
    await until('that is published', 30, async () => BigInt(parseInt((await capacities())['n2'] ?? '', 10)) <= 3n);
  });

  test('a node that is full against what is known is given up, and another one is chosen', async () => {
    const { driver } = world;
    driver.rooms = new Map([
      ['n1', 0n],
      ['n2', 20n * Gi],
    ]);
    expect((await capacities())['n1']).not.toBe('0');
    await pod('moved', '2Gi', 'n1');
    expect(await placed('moved')).toBe('n2');
    expect((await claimOf('moved'))?.metadata.annotations?.[selectedNodeAnnotation]).toBe('n2');
    expect((await told('moved'))[0]?.message).toContain('n1 has');
  });

  test('a claim that no node has room for has one event that says why, and stays without a node', async () => {
    const { driver, api } = world;
    driver.rooms = new Map([
      ['n1', 0n],
      ['n2', 0n],
    ]);
    await pod('hopeless', '2Gi');
    // Whether a node was chosen first, and its driver said no, depends on when its room was asked for last.
    const reasons = ['ProvisioningFailed', 'NoRoomOnAnyNode'];
    const news = async () => await told('hopeless', reasons);
    await until('it is told', 60, async () => (await news()).length > 0);
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    for (const reason of reasons) {
      const said = (await news()).filter((it) => it.reason === reason);
      expect(said.length, reason).toBeLessThanOrEqual(2);
      expect(said.every(({ count }) => (count ?? 1) <= 2)).toBe(true);
      expect(said.every(({ message }) => /RESOURCE_EXHAUSTED|no node has room for 2Gi/.test(message ?? ''))).toBe(true);
    }
    expect(await nodeOf('hopeless')).toBeUndefined();
    driver.rooms = new Map([['n2', 100n * Gi]]);
    await api.delete(persistentVolumeClaims, { namespace, name: 'hopeless' });
  });

  test('a claim whose node is gone gets another one', async () => {
    const { api } = world;
    await world.claim(namespace, 'homeless');
    const body = { metadata: { annotations: { [selectedNodeAnnotation]: 'n9' } } };
    await api.patch(persistentVolumeClaims, { namespace, name: 'homeless' }, { type: 'merge', body });
    await until('the choice is taken back', 20, async () => {
      const claim = await claimOf('homeless');
      return claim !== undefined && claim.metadata.annotations?.[selectedNodeAnnotation] === undefined;
    });
  });
});

function rather(node: string) {
  const term = { matchExpressions: [{ key: nodeKey, operator: 'In', values: [node] }] };
  return { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, preference: term }] };
}
