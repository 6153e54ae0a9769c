import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectKube, type KubeApi } from '../../src/api/kube/index.ts';
import { pools, snapshots, volumes } from '../../src/model/kinds/moorage.ts';
import { root } from '../support/program.ts';
import { pool, snapshot, volume } from '../volumes/volumes-rig.ts';
import { startControlPlane } from './cluster/index.ts';

const crds = ['pools', 'volumes', 'snapshots'].map((it) =>
  join(root, `deploy/chart/files/crds/${it}.moorage.dev.yaml`),
);

/** What our own API server checks in code, a real one checks by the rules in the CRDs. */
describe('the rules of our kinds in a real API server', () => {
  const open = new AsyncDisposableStack();
  let api: KubeApi;
  beforeAll(async () => {
    const cluster = open.use(await startControlPlane({ directory: '/var/lib/moorage-kube-rules' }));
    for (const file of crds) await cluster.kubectl(['apply', '-f', file]);
    await cluster.kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s']);
    api = open.use(connectKube({ kubeconfig: cluster.kubeconfig }));
  }, 180_000);
  afterAll(async () => await open.disposeAsync(), 60_000);

  const refused = (message: RegExp) => expect.objectContaining({ message: expect.stringMatching(message) });

  test('a Volume grows and is given a pool, and nothing else of it changes', async () => {
    let it = await api.create(volumes, volume('a'));
    const change = async (spec: object) => {
      it = await api.update(volumes, { ...it, spec: { ...it.spec, ...spec } });
    };
    await change({ pool: 'p' });
    await change({ size: '1Gi' });
    await change({ size: '2048Mi' });
    await expect(change({ pool: 'q' })).rejects.toEqual(refused(/pool can't be changed once it is decided/));
    await expect(change({ size: '1Gi' })).rejects.toEqual(refused(/size can grow, not shrink/));
    await expect(change({ mode: 'Block' })).rejects.toEqual(refused(/mode can't be changed/));
    await expect(change({ fsType: 'xfs' })).rejects.toEqual(refused(/fsType can't be changed/));
    await expect(change({ source: { kind: 'Volume', name: 'b' } })).rejects.toEqual(refused(/source can't be/));
  });

  test('a Pool grows and is settled, and stays where it is', async () => {
    let it = await api.create(pools, pool('a', { size: '1Gi' }));
    const change = async (spec: object) => {
      it = await api.update(pools, { ...it, spec: { ...it.spec, ...spec } });
    };
    await change({ node: 'n1', size: '2Gi', overProvisioning: 3 });
    await change({ backend: 'image' });
    await expect(change({ node: 'n2' })).rejects.toEqual(refused(/node can't be changed once it is decided/));
    await expect(change({ backend: 'directory' })).rejects.toEqual(refused(/backend can't be changed/));
    await expect(change({ size: undefined })).rejects.toEqual(refused(/size can grow, not shrink/));
  });

  test('a Pool that was opened, and a Volume that is placed, stay there, also where nobody had said where', async () => {
    let it = await api.create(pools, pool('b'));
    it = await api.updateStatus(pools, { ...it, status: { nodes: [{ node: 'n', backend: 'image', path: '/d/p' }] } });
    const change = (spec: object) => api.update(pools, { ...it, spec: { ...it.spec, ...spec } });
    await expect(change({ path: '/else' })).rejects.toEqual(refused(/path can't be changed once it is decided/));
    await expect(change({ node: 'm' })).rejects.toEqual(refused(/node can't be changed/));
    await expect(change({ backend: 'directory' })).rejects.toEqual(refused(/backend can't be changed/));
    await expect(change({ size: '5Pi' })).rejects.toEqual(refused(/size must be at most 4Pi/));
    await change({ path: '/d/p', node: 'n', backend: 'image' });
    const { status: _, ...made } = await api.create(volumes, volume('b'));
    const placement = { pool: 'p', node: 'n', engine: 'local' };
    const placed = await api.updateStatus(volumes, { ...made, status: { placement } });
    const move = (spec: object) => api.update(volumes, { ...placed, spec: { ...placed.spec, ...spec } });
    await expect(move({ pool: 'q' })).rejects.toEqual(refused(/pool can't be changed/));
    await expect(move({ nodes: ['m'] })).rejects.toEqual(refused(/nodes can't be changed/));
    await move({ pool: 'p' });
  });

  test('a Snapshot stays what it is', async () => {
    const it = await api.create(snapshots, snapshot('a', 'b'));
    await expect(api.update(snapshots, { ...it, spec: { volume: 'c' } })).rejects.toEqual(refused(/make another one/));
  });
});
