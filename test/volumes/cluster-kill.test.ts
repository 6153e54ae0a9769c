import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { VolumeCapability_AccessMode_Mode as Mode } from '../../src/csi/protocol/csi_pb.ts';
import { type Inventory, inventories, pools, snapshots, type Volume, volumes } from '../../src/model/kinds/moorage.ts';
import { makeScratch } from '../engines/local-scratch.ts';
import { type Cluster, type Leader, openCluster, openLeader } from './cluster-rig.ts';
import { isReady, pool, readyPool, snapshot, until, volume } from './volumes-rig.ts';

const kills = 6;
const volumeCapabilities = [
  { accessMode: { mode: Mode.SINGLE_NODE_WRITER }, accessType: { case: 'mount' as const, value: {} } },
];

/** Agents in processes of their own, which are killed while volumes come and go on them. */
describe.runIf(process.getuid?.() === 0)('agents that die', () => {
  const open = new AsyncDisposableStack();
  let cluster: Cluster;
  let leader: Leader;
  const agents = new Map<string, ReturnType<typeof spawn>>();
  const start = async (node: string) => {
    const program = join(import.meta.dirname, 'agent-process.ts');
    const argv = [program, cluster.kubeconfig, cluster.dir, node];
    const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
    agents.set(node, child);
    await Promise.race([once(child.stdout, 'data'), once(child, 'exit').then(() => Promise.reject(child.exitCode))]);
  };
  const end = async (node: string, signal: 'SIGKILL' | 'SIGTERM') => {
    const child = agents.get(node);
    agents.delete(node);
    if (child?.exitCode === null && child.kill(signal)) await once(child, 'exit');
  };
  beforeAll(async () => {
    const scratch = open.use(await makeScratch());
    cluster = open.use(await openCluster(scratch.path, ['n1', 'n2']));
    for (const node of ['n1', 'n2']) {
      await cluster.store.create(pools, pool(node, { node, size: '2Gi', overProvisioning: 20 }));
      await start(node);
      await readyPool(cluster.store, node);
    }
    leader = open.use(await openLeader(cluster));
  }, 120_000);
  afterAll(async () => {
    for (const node of [...agents.keys()]) await end(node, 'SIGTERM');
    await open.disposeAsync();
  }, 60_000);

  const inventory = async (name: string) => {
    const all = { apiVersion: 'moorage.dev/v1alpha1', kind: 'Inventory', metadata: { name }, spec: {} } as const;
    await cluster.store.create(inventories, all);
    const done = (it: Inventory | undefined) => ['Completed', 'Failed'].includes(it?.status?.phase ?? '');
    const { status } = await until(cluster.store, inventories, name, done, 60_000);
    return { phase: status?.phase, differences: status?.differences };
  };
  const settled = (it: { status?: { phase?: string | undefined } | undefined } | undefined) =>
    it === undefined || isReady(it) || it.status?.phase === 'Failed';

  test('leave nothing half-made, nothing that nobody knows, and nothing of the other node is touched', async () => {
    const { store } = cluster;
    const kept = leader.client.controller.createVolume({
      name: 'kept',
      volumeCapabilities,
      parameters: { pool: 'n1' },
    });
    await kept;
    const before = await store.get(volumes, { name: 'kept' });
    for (let round = 0; round < kills; round++) {
      const names = Array.from({ length: 24 }, (_, n) => `r${round}-${n}`);
      const churn = Promise.allSettled(
        names.map(async (name, n) => {
          const request = { name, volumeCapabilities, capacityRange: { requiredBytes: 64n << 20n } };
          const where = n % 4 === 0 ? {} : { parameters: { pool: 'n2' } };
          await leader.client.controller.createVolume(
            { ...request, ...where },
            { signal: AbortSignal.timeout(20_000) },
          );
          await store.create(snapshots, snapshot(`${name}-s`, name));
          if (n % 3 === 0) await store.delete(volumes, { name });
          if (n % 5 === 0) await store.delete(snapshots, { name: `${name}-s` });
        }),
      );
      await new Promise((resolve) => setTimeout(resolve, 30 + round * 60));
      await end('n2', 'SIGKILL');
      await start('n2');
      await churn;
    }
    for (const { metadata } of [...store.informer(volumes).list()]) {
      await until(store, volumes, metadata.name, (it) => settled(it) && !it?.metadata.deletionTimestamp, 60_000);
    }
    for (const { metadata } of [...store.informer(snapshots).list()]) {
      await until(store, snapshots, metadata.name, settled, 60_000);
    }
    expect([...store.informer(volumes).list()].length).toBeGreaterThan(kills * 10);
    expect(await inventory('after')).toEqual({ phase: 'Completed', differences: [] });
    expect(await store.get(volumes, { name: 'kept' })).toEqual(before);

    for (const { metadata } of [...store.informer(volumes).list()]) await store.delete(volumes, metadata);
    for (const { metadata } of [...store.informer(snapshots).list()]) await store.delete(snapshots, metadata);
    await expect.poll(() => store.informer(volumes).size + store.informer(snapshots).size, { timeout: 60_000 }).toBe(0);
    expect(await inventory('empty')).toEqual({ phase: 'Completed', differences: [] });
  }, 300_000);

  test('are missed: an Inventory of all nodes names the one that could not be looked at', async () => {
    await end('n2', 'SIGTERM');
    const { phase, differences } = await inventory('one-away');
    expect({ phase, differences }).toEqual({ phase: 'Failed', differences: [] });
    const said = await cluster.store.get(inventories, { name: 'one-away' });
    expect(said?.status?.conditions?.[0]?.message).toBe(
      'everything agrees; n2 could not be looked at: its agent is stopped',
    );
    // What it would have to take away waits for it; what was never anywhere does not.
    await cluster.store.create(volumes, volume('theirs', { pool: 'n2' }));
    await cluster.store.create(volumes, volume('nowhere', { pool: 'none' }));
    const refused = (it: Volume | undefined) => it?.status?.refusals?.[0]?.reason === 'PoolNotFound';
    await until(cluster.store, volumes, 'nowhere', refused);
    for (const name of ['theirs', 'nowhere']) await cluster.store.delete(volumes, { name });
    await until(cluster.store, volumes, 'nowhere', (it) => it === undefined);
    await start('n2');
    await until(cluster.store, volumes, 'theirs', (it) => it === undefined);
  }, 60_000);
});
