import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEventRecorder } from '../../../src/api/event-recorder.ts';
import { silent } from '../../../src/lib/log.ts';
import { noMeter } from '../../../src/lib/meter.ts';
import {
  persistentVolumeClaims,
  persistentVolumes,
  snapshots,
  storageClasses,
  volumeSnapshotClasses,
  volumeSnapshotContents,
  volumeSnapshots,
  volumes,
} from '../../../src/model/kinds/index.ts';
import { createVolumeDeletion } from '../../../src/sidecars/deletion/delete-volume.ts';
import { openDrivers } from '../../../src/sidecars/drivers/registry.ts';
import { createProvisioner } from '../../../src/sidecars/provisioning/provisioner.ts';
import { World } from '../../roles/world.ts';
import { until } from '../cluster/index.ts';
import { type OwnControlPlane, openControlPlane } from '../support/control-plane.ts';
import { tool } from '../tools/build.ts';

const namespace = 'default';
/** A directory with the official csi-provisioner, which can't be built everywhere; without it, ours takes its place. */
const peers = process.env['MOORAGE_BENCH_PEERS'];

describe.skipIf(process.getuid?.() !== 0)('our driver under the official sidecars', () => {
  const open = new AsyncDisposableStack();
  let server: OwnControlPlane;
  let world: World;

  const run = (program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
    const child: ChildProcess = spawn(program, args, { stdio: 'ignore', env: { ...process.env, ...env } });
    open.defer(async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    });
  };

  beforeAll(async () => {
    server = open.use(await openControlPlane());
    world = open.use(await World.open(server.kubeconfig));
    const { api, kubeconfig } = world;
    await api.patch(storageClasses, { name: 'moorage' }, { type: 'merge', body: { allowVolumeExpansion: true } });
    const [agent, controller] = [world.agent(), world.controller('c', '--sidecars', 'upstream')];
    await Promise.all([agent.said('ready'), controller.said('leading')]);
    const socket = world.socket('c');
    expect(existsSync(socket)).toBe(true);
    const flags = [`--kubeconfig=${kubeconfig}`, `--csi-address=${socket}`];
    run(await tool('csi-resizer'), flags);
    run(await tool('csi-snapshotter'), flags);
    run(await tool('snapshot-controller'), [`--kubeconfig=${kubeconfig}`]);
    if (peers) return run(join(peers, 'csi-provisioner'), flags);
    const events = open.use(createEventRecorder({ api, component: 'csi.moorage.dev', log: silent }));
    const drivers = open.use(openDrivers({ api, node: undefined, log: silent, meter: noMeter }));
    await drivers.add({ socket });
    const context = { api, drivers, log: silent, events, meter: noMeter, hasScheduler: true };
    for (const { controller: provisioner } of [createProvisioner(context), createVolumeDeletion(context)]) {
      open.use(provisioner);
      await provisioner.start();
    }
  }, 180_000);
  afterAll(() => open.disposeAsync());

  const bound = (name: string) =>
    until(`claim ${name} is bound`, 120, async () => (await world.phase(name)) === 'Bound');
  const volumeOf = async (name: string) => {
    const claim = await world.api.get(persistentVolumeClaims, { namespace, name });
    const volume = await world.api.get(persistentVolumes, { name: claim?.spec.volumeName ?? '' });
    const made = await world.api.get(volumes, { name: volume?.spec.csi?.volumeHandle ?? '' });
    return { claim, volume, made };
  };

  test('csi-resizer grows a claim, and leaves the rest to the node', { timeout: 300_000 }, async () => {
    const { api } = world;
    await world.claim('grown');
    await bound('grown');
    const body = { spec: { resources: { requests: { storage: '32Mi' } } } };
    await api.patch(persistentVolumeClaims, { namespace, name: 'grown' }, { type: 'merge', body });
    await until('the volume has grown', 120, async () => {
      const { claim, volume } = await volumeOf('grown');
      const waits = claim?.status?.conditions?.some(({ type }) => type === 'FileSystemResizePending');
      return waits && volume?.spec.capacity?.['storage'] === '32Mi';
    });
    expect((await volumeOf('grown')).made).toMatchObject({ spec: { size: '32Mi' }, status: { size: '32Mi' } });
  });

  test('csi-snapshotter and snapshot-controller take a snapshot, a claim is restored from it, and all of it goes', {
    timeout: 300_000,
  }, async () => {
    const { api } = world;
    await api.create(volumeSnapshotClasses, {
      apiVersion: 'snapshot.storage.k8s.io/v1',
      kind: 'VolumeSnapshotClass',
      metadata: { name: 'upstream' },
      driver: 'csi.moorage.dev',
      deletionPolicy: 'Delete',
    });
    await world.claim('source');
    await bound('source');
    await api.create(volumeSnapshots, {
      apiVersion: 'snapshot.storage.k8s.io/v1',
      kind: 'VolumeSnapshot',
      metadata: { namespace, name: 'taken' },
      spec: { volumeSnapshotClassName: 'upstream', source: { persistentVolumeClaimName: 'source' } },
    });
    const taken = await until('the snapshot is ready', 120, async () => {
      const snapshot = await api.get(volumeSnapshots, { namespace, name: 'taken' });
      return snapshot?.status?.readyToUse ? snapshot : undefined;
    });
    const content = await api.get(volumeSnapshotContents, {
      name: taken.status?.boundVolumeSnapshotContentName ?? '',
    });
    const name = content?.status?.snapshotHandle ?? '';
    const { made: source } = await volumeOf('source');
    expect(await api.get(snapshots, { name })).toMatchObject({
      spec: { volume: source?.metadata.name },
      status: { phase: 'Ready' },
    });

    await api.create(persistentVolumeClaims, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { namespace, name: 'restored' },
      spec: {
        storageClassName: 'moorage',
        accessModes: ['ReadWriteOnce'],
        resources: { requests: { storage: '16Mi' } },
        dataSource: { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 'taken' },
      },
    });
    await bound('restored');
    expect((await volumeOf('restored')).made?.spec.source).toEqual({ kind: 'Snapshot', name });

    await api.delete(volumeSnapshots, { namespace, name: 'taken' });
    for (const claim of ['restored', 'source', 'grown']) {
      await api.delete(persistentVolumeClaims, { namespace, name: claim });
    }
    await until('everything is gone', 120, async () => {
      const left = await Promise.all([api.list(volumes), api.list(snapshots), api.list(persistentVolumes)]);
      return left.every(({ items }) => items.length === 0);
    });
  });
});
