import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { VolumeCapability_AccessMode_Mode as Mode } from '../../src/csi/protocol/csi_pb.ts';
import { events, nodes, persistentVolumes } from '../../src/model/kinds/index.ts';
import { snapshots, type Volume, volumes } from '../../src/model/kinds/moorage.ts';
import { makeScratch } from '../engines/local-scratch.ts';
import {
  type Agent,
  type Cluster,
  type Leader,
  makePool,
  openAgent,
  openCluster,
  openLeader,
  setReady,
} from './cluster-rig.ts';
import { readySnapshot, readyVolume, snapshot, until, volume } from './volumes-rig.ts';

const MiB = 1n << 20n;
const mount = { accessMode: { mode: Mode.SINGLE_NODE_WRITER }, accessType: { case: 'mount' as const, value: {} } };
const on = (...names: string[]) => names.map((name) => ({ segments: { 'topology.moorage.dev/node': name } }));

/** Two nodes with pools of 1 GiB and 2 GiB, and what runs for both, each over an HTTPS connection of its own. */
describe.runIf(process.getuid?.() === 0)('several nodes', () => {
  const open = new AsyncDisposableStack();
  let cluster: Cluster;
  let leader: Leader;
  let agents: Record<'n1' | 'n2', Agent>;
  beforeAll(async () => {
    const scratch = open.use(await makeScratch());
    cluster = open.use(await openCluster(scratch.path, ['n1', 'n2']));
    agents = { n1: open.use(await openAgent(cluster, 'n1')), n2: open.use(await openAgent(cluster, 'n2')) };
    await makePool(cluster, 'n1', '1Gi', { disk: 'small' });
    await makePool(cluster, 'n2', '2Gi', { disk: 'large' });
    leader = open.use(await openLeader(cluster));
  }, 60_000);
  afterAll(async () => await open.disposeAsync());

  const create = async (name: string, more: object = {}, MiBs = 64n) => {
    const capacityRange = { requiredBytes: MiBs * MiB };
    const request = { name, capacityRange, volumeCapabilities: [mount], ...more };
    return (await leader.client.controller.createVolume(request)).volume;
  };
  const remove = (volumeId: string) => leader.client.controller.deleteVolume({ volumeId });
  const placeOf = async (name: string) => (await cluster.store.get(volumes, { name }))?.status?.placement;
  const artifacts = async (node: 'n1' | 'n2') => (await agents[node].engine.volumes.list(node)).map(({ name }) => name);

  test('a volume goes where there is most room, with its pool named from the start, in two writes', async () => {
    const changes: string[] = [];
    using _ = cluster.store.informer(volumes).onChange(({ type, object }) => {
      if (object.metadata.name === 'roomy') changes.push(`${type} ${object.spec.pool}`);
    });
    expect(await create('roomy')).toMatchObject({ accessibleTopology: on('n2') });
    expect(changes).toEqual(['added n2', 'modified n2']);
    expect(await artifacts('n2')).toEqual(['roomy']);
    // Each agent sees what is on its node, and no more.
    expect(agents.n2.api.informer(volumes).get({ name: 'roomy' })).toBeDefined();
    expect(agents.n1.api.informer(volumes).get({ name: 'roomy' })).toBeUndefined();
    expect(await artifacts('n1')).toEqual([]);
    // The same wish again is the same volume.
    expect(await create('roomy')).toMatchObject({ volumeId: 'roomy' });
    await remove('roomy');
    expect(await artifacts('n2')).toEqual([]);
  });

  test('what a PersistentVolume names is not deleted: not by a call, and by hand not before that is gone', async () => {
    await create('kept', { accessibilityRequirements: { requisite: on('n1') } });
    const spec = {
      capacity: { storage: '64Mi' },
      accessModes: ['ReadWriteOnce' as const],
      persistentVolumeReclaimPolicy: 'Retain' as const,
      csi: { driver: 'csi.moorage.dev', volumeHandle: 'kept' },
    };
    const metadata = { name: 'static' };
    await cluster.store.create(persistentVolumes, { apiVersion: 'v1', kind: 'PersistentVolume', metadata, spec });
    await expect(remove('kept')).rejects.toThrow('PersistentVolume static needs it; delete that first');
    await cluster.store.delete(volumes, { name: 'kept' });
    await until(cluster.store, volumes, 'kept', (it) => it?.status?.conditions?.[0]?.reason === 'StillReferenced');
    expect(await artifacts('n1')).toEqual(['kept']);
    const body = { metadata: { finalizers: null } };
    await cluster.store.patch(persistentVolumes, metadata, { type: 'merge', body });
    await cluster.store.delete(persistentVolumes, metadata);
    await until(cluster.store, volumes, 'kept', (it) => it === undefined);
    expect(await artifacts('n1')).toEqual([]);
  });

  test.for([
    ['requisite', { accessibilityRequirements: { requisite: on('n1') } }, 'n1'],
    ['preferred', { accessibilityRequirements: { requisite: on('n1', 'n2'), preferred: on('n1', 'n2') } }, 'n1'],
    ['pool', { parameters: { pool: 'n1' } }, 'n1'],
    ['selector', { parameters: { poolSelector: 'disk in (small)' } }, 'n1'],
  ] as const)('%s says where', async ([name, more, node]) => {
    await create(name, more);
    expect(await placeOf(name)).toMatchObject({ pool: node, node });
    await remove(name);
  });

  test('what can not be says each pool and its reason, and writes nothing', async () => {
    const before = cluster.store.resourceVersion;
    const far = { accessibilityRequirements: { requisite: on('n1') } };
    await expect(create('large', far, 1500n)).rejects.toThrow(
      /pool n1 on n1 can promise .* more, 1.4Gi was asked for; pool n2 on n2 is on another node than is allowed \(n1\)/,
    );
    await expect(create('large', { parameters: { poolSelector: 'disk=none' } })).rejects.toThrow(/disk=none/);
    await expect(create('large', { parameters: { poolSelector: 'disk=none', pool: 'n1' } })).rejects.toThrow(
      /leave one/,
    );
    await expect(create('large', { parameters: { poolSelector: 'a=(' } })).rejects.toThrow(/poolSelector/);
    expect(await cluster.store.get(volumes, { name: 'large' })).toBeUndefined();
    expect(Number(cluster.store.resourceVersion) - Number(before)).toBeLessThan(3);
  });

  test('many at once are not promised more than there is, and fill both pools', async () => {
    const names = Array.from({ length: 60 }, (_, n) => `burst-${n}`);
    const made = await Promise.allSettled(names.map((name) => create(name)));
    const done = made.filter(({ status }) => status === 'fulfilled').length;
    // 3 GiB in all, less the reserves and what the file systems take.
    expect(done).toBeGreaterThan(38);
    expect(done).toBeLessThan(48);
    const per = (node: string) =>
      [...cluster.store.informer(volumes).list()].filter(({ status }) => status?.placement?.node === node).length;
    expect(per('n1')).toBeGreaterThan(10);
    expect(per('n2')).toBeGreaterThan(20);
    for (const [n, { status, reason }] of (made as { status: string; reason?: Error }[]).entries()) {
      if (status === 'rejected') expect(reason?.message, names[n]).toMatch(/pool n1 on n1 .*; pool n2 on n2 /);
    }
    await Promise.all(names.map(remove));
    expect([...(await artifacts('n1')), ...(await artifacts('n2'))]).toEqual([]);
  });

  test('capacity is told for each node', async () => {
    const ask = async (node: string, parameters = {}) =>
      leader.client.controller.getCapacity({
        accessibleTopology: on(node)[0],
        parameters,
        volumeCapabilities: [mount],
      });
    await expect.poll(async () => (await ask('n1')).maximumVolumeSize ?? 0n).toBeGreaterThan(800n * MiB);
    const { maximumVolumeSize = 0n, availableCapacity } = await ask('n2');
    expect(maximumVolumeSize).toBe(availableCapacity);
    expect((await ask('n2', { poolSelector: 'disk=small' })).availableCapacity).toBe(0n);
    const most = await create('most', { parameters: { pool: 'n2' } }, maximumVolumeSize / MiB);
    expect((await ask('n2')).maximumVolumeSize).toBeLessThan(MiB);
    await remove(most?.volumeId ?? '');
  });

  test('a Volume made by hand is given a pool, or one event that says why not, and a pool when there is room', async () => {
    await cluster.store.create(volumes, volume('hand'));
    expect((await readyVolume(cluster.store, 'hand')).spec.pool).toBe('n2');
    await cluster.store.create(snapshots, snapshot('hand-s', 'hand'));
    await readySnapshot(cluster.store, 'hand-s');
    await cluster.store.delete(snapshots, { name: 'hand-s' });
    await until(cluster.store, snapshots, 'hand-s', (it) => it === undefined);
    await cluster.store.create(volumes, volume('too-much', { size: '2Gi' }));
    await cluster.store.create(volumes, volume('later', { size: '1500Mi', nodes: ['n2'] }));
    await readyVolume(cluster.store, 'later');
    await cluster.store.create(volumes, volume('waits', { size: '900Mi', nodes: ['n2'] }));
    const refused = (it: Volume | undefined) => (it?.status?.refusals ?? []).length === 2;
    const { status } = await until(cluster.store, volumes, 'waits', refused);
    expect(status?.refusals?.map(({ pool, reason }) => `${pool}: ${reason}`)).toEqual([
      'n1: NodeNotAllowed',
      'n2: PoolFull',
    ]);
    await cluster.store.delete(volumes, { name: 'later' });
    await readyVolume(cluster.store, 'waits');
    const told = [...cluster.store.informer(events).list()].filter(
      ({ involvedObject }) => involvedObject.name === 'waits',
    );
    expect(told).toHaveLength(1);
    for (const name of ['hand', 'waits', 'too-much']) await cluster.store.delete(volumes, { name });
    // The last was never anywhere.
    for (const name of ['hand', 'waits', 'too-much'])
      await until(cluster.store, volumes, name, (it) => it === undefined);
  });

  test('nothing goes to a node that is not ready, and its volumes are left alone', async () => {
    await create('kept', { parameters: { pool: 'n2' } });
    await setReady(cluster.store, 'n2', 'Unknown');
    const there = () =>
      create('there', { accessibilityRequirements: { requisite: on('n2') } }).then(() => remove('there'));
    const why = /pool n2 on n2 is not ready: node n2 is not ready/;
    await expect.poll(() => there().then(() => 'made', String)).toMatch(why);
    await create('elsewhere');
    expect(await placeOf('elsewhere')).toMatchObject({ node: 'n1' });
    expect(await placeOf('kept')).toMatchObject({ node: 'n2' });
    await setReady(cluster.store, 'n2', 'True');
    await expect.poll(() => there().then(() => 'made', String)).toBe('made');
    await Promise.all(['kept', 'elsewhere'].map(remove));
  });

  test('an agent that stops is given nothing, and what is asked of it is done when it is back', async () => {
    await create('before', { parameters: { pool: 'n2' } });
    await agents.n2[Symbol.asyncDispose]();
    await expect(create('meanwhile', { parameters: { pool: 'n2' } })).rejects.toThrow(/its agent is stopped/);
    await cluster.store.delete(volumes, { name: 'before' });
    await cluster.store.create(volumes, volume('named', { pool: 'n2' }));
    agents.n2 = open.use(await openAgent(cluster, 'n2'));
    await until(cluster.store, volumes, 'before', (it) => it === undefined);
    await readyVolume(cluster.store, 'named');
    expect(await artifacts('n2')).toEqual(['named']);
    await expect.poll(() => create('after', { parameters: { pool: 'n2' } })).toBeDefined();
    await Promise.all(['named', 'after'].map(remove));
  });

  test('a node that is gone for good keeps what it has, says so, and holds up nothing that it was never given', async () => {
    const { store } = cluster;
    await create('lost', { parameters: { pool: 'n2' } });
    await agents.n2[Symbol.asyncDispose]();
    await store.create(volumes, volume('begun', { pool: 'n2' }));
    await store.delete(nodes, { name: 'n2' });
    const gone = (it: Volume | undefined) => it?.status?.refusals?.[0]?.reason === 'NodeGone';
    await until(store, volumes, 'begun', gone);
    for (const name of ['lost', 'begun']) await store.delete(volumes, { name });
    await until(store, volumes, 'begun', (it) => it === undefined);
    const said = await until(store, volumes, 'lost', (it) => it?.status?.conditions?.[0]?.reason === 'NodeGone');
    expect(said.status?.conditions?.[0]?.message).toMatch(
      /on node n2, which is no longer in the cluster.*kubectl patch/,
    );
    expect(said.metadata.finalizers).toEqual(['moorage.dev/volume']);
    await expect(remove('lost')).rejects.toThrow(/on node n2, which is no longer in the cluster/);
    await store.create(nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n2' } });
    await setReady(store, 'n2', 'True');
    agents.n2 = open.use(await openAgent(cluster, 'n2'));
    await until(store, volumes, 'lost', (it) => it === undefined);
    expect(await artifacts('n2')).toEqual([]);
  });
});
