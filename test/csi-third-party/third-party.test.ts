import { writeFileSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import {
  csiDrivers,
  csiNodes,
  mounts,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  volumeAttachments,
  volumeSnapshotClasses,
  volumeSnapshotContents,
  volumeSnapshots,
} from '../../src/model/kinds/index.ts';
import { inDefault } from '../support/until-object.ts';
import { driverName, World } from './world.ts';

let world: World;
afterEach(async () => {
  await world[Symbol.asyncDispose]();
});

async function snapshotOf(claim: string, name: string): Promise<void> {
  await world.api.create(volumeSnapshots, {
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshot',
    metadata: { name, namespace: 'default' },
    spec: { source: { persistentVolumeClaimName: claim } },
  });
}

async function snapshotClass(): Promise<void> {
  await world.api.create(volumeSnapshotClasses, {
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshotClass',
    metadata: { name: 'other', annotations: { 'snapshot.storage.kubernetes.io/is-default-class': 'true' } },
    driver: driverName,
    deletionPolicy: 'Delete',
  });
}

async function grow(claim: string, storage: string): Promise<void> {
  const body = { spec: { resources: { requests: { storage } } } };
  await world.api.patch(persistentVolumeClaims, inDefault(claim), { type: 'merge', body });
}

test('a claim gets a volume of the plugged-in driver, and takes it along when it goes', async () => {
  world = await World.start();
  await world.storageClass('other', { parameters: { colour: 'blue', 'csi.storage.k8s.io/fstype': 'ext4' } });
  const { metadata } = await world.claim('data');
  await world.bound('data');
  const volume = await world.api.get(persistentVolumes, { name: `pvc-${metadata.uid}` });
  expect(volume?.spec).toMatchObject({
    capacity: { storage: '1Gi' },
    claimRef: { name: 'data', uid: metadata.uid },
    persistentVolumeReclaimPolicy: 'Delete',
    csi: { driver: driverName, fsType: 'ext4', volumeAttributes: { made: 'by other.example.com' } },
  });
  expect(world.store.byId('volumes', volume?.spec.csi?.volumeHandle ?? '')?.name).toBe(`pvc-${metadata.uid}`);
  expect(world.told.join('\n')).toContain('ProvisioningSucceeded');
  const claim = await world.api.get(persistentVolumeClaims, inDefault('data'));
  expect(claim?.metadata.finalizers).toEqual(['kubernetes.io/pvc-protection']);
  await world.api.delete(persistentVolumeClaims, inDefault('data'));
  await world.until(persistentVolumes, { name: `pvc-${metadata.uid}` }, (it) => it === undefined);
  expect(world.store.all('volumes')).toEqual([]);
});

test('the driver is made known: CSIDriver, CSINode and the labels of the node', async () => {
  world = await World.start('--publish', '--topology', 'example.com/rack=r1');
  expect((await world.api.get(csiDrivers, { name: driverName }))?.spec.attachRequired).toBe(true);
  expect((await world.api.get(csiNodes, { name: 'here' }))?.spec.drivers).toMatchObject([
    { name: driverName, nodeID: 'node-as-the-driver-calls-it', topologyKeys: ['example.com/rack'] },
  ]);
  expect((await world.api.get(nodes, { name: 'here' }))?.metadata.labels).toMatchObject({ 'example.com/rack': 'r1' });
  await world.storageClass('other');
  await world.claim('data');
  const claim = await world.bound('data');
  const volume = await world.api.get(persistentVolumes, { name: claim?.spec.volumeName ?? '' });
  expect(volume?.spec.nodeAffinity?.required?.nodeSelectorTerms).toEqual([
    { matchExpressions: [{ key: 'example.com/rack', operator: 'In', values: ['r1'] }] },
  ]);
});

test.runIf(process.getuid?.() === 0)(
  'a driver that wants ControllerPublishVolume gets it before the node',
  async () => {
    world = await World.start('--publish');
    await world.storageClass('other');
    await world.claim('data');
    await world.bound('data');
    const path = join(world.directory, 'here');
    await world.api.create(mounts, {
      apiVersion: 'moorage.dev/v1alpha1',
      kind: 'Mount',
      metadata: { name: 'data', namespace: 'default' },
      spec: { claim: 'data', path, readOnly: false },
    });
    await world.until(mounts, inDefault('data'), (mount) => mount?.status?.phase === 'Mounted');
    await mkdir(join(path, 'sub'));
    writeFileSync(join(path, 'sub', 'file'), 'bytes');
    const [kept] = world.store.all('volumes');
    expect(kept?.nodes).toEqual(['node-as-the-driver-calls-it']);
    expect(await readFile(join(world.store.data(kept?.id ?? ''), 'sub', 'file'), 'utf8')).toBe('bytes');
    await world.api.delete(mounts, inDefault('data'));
    await world.until(mounts, inDefault('data'), (mount) => mount === undefined);
    await world.api.delete(persistentVolumeClaims, inDefault('data'));
    await expect.poll(() => world.store.all('volumes'), { timeout: 10_000 }).toEqual([]);
    expect((await world.api.list(volumeAttachments)).items).toEqual([]);
    const calls = await world.calls();
    expect(calls.indexOf('ControllerPublishVolume')).toBeLessThan(calls.indexOf('NodePublishVolume'));
    expect(calls.indexOf('NodeUnpublishVolume')).toBeLessThan(calls.indexOf('ControllerUnpublishVolume'));
    expect(calls.indexOf('ControllerUnpublishVolume')).toBeLessThan(calls.indexOf('DeleteVolume'));
  },
);

test('a snapshot is taken, waited for, restored and deleted', async () => {
  world = await World.start('--snapshot-polls', '2');
  await world.storageClass('other');
  await snapshotClass();
  await world.claim('data');
  await world.bound('data');
  const [source] = world.store.all('volumes');
  writeFileSync(join(world.store.data(source?.id ?? ''), 'file'), 'as it was');
  await snapshotOf('data', 'monday');
  await world.claim('restored', {
    resources: { requests: { storage: '2Gi' } },
    dataSource: { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 'monday' },
  });
  const snapshot = await world.until(volumeSnapshots, inDefault('monday'), (it) => it?.status?.readyToUse === true);
  expect(snapshot?.status).toMatchObject({ restoreSize: '1Gi', boundVolumeSnapshotContentName: expect.any(String) });
  expect(snapshot?.status?.creationTime).toMatch(/^20\d\d-/);
  await world.bound('restored');
  const restored = world.store.all('volumes').find(({ from }) => from !== undefined);
  expect(await readFile(join(world.store.data(restored?.id ?? ''), 'file'), 'utf8')).toBe('as it was');
  expect((await world.calls()).filter((call) => call === 'CreateSnapshot')).toHaveLength(3);
  await world.api.delete(volumeSnapshots, inDefault('monday'));
  await world.until(volumeSnapshots, inDefault('monday'), (it) => it === undefined);
  expect(world.store.all('snapshots')).toEqual([]);
  expect((await world.api.list(volumeSnapshotContents)).items).toEqual([]);
  const claim = await world.api.get(persistentVolumeClaims, inDefault('data'));
  expect(claim?.metadata.finalizers).toEqual(['kubernetes.io/pvc-protection']);
});

test('a snapshot that is kept on purpose can be taken up again under another name', async () => {
  world = await World.start();
  await world.storageClass('other');
  await snapshotClass();
  await world.claim('data');
  await world.bound('data');
  await snapshotOf('data', 'monday');
  const ready = (name: string) =>
    world.until(volumeSnapshots, inDefault(name), (it) => it?.status?.readyToUse === true);
  const taken = await ready('monday');
  const ref = { name: taken?.status?.boundVolumeSnapshotContentName ?? '' };
  const retain = { spec: { deletionPolicy: 'Retain' } };
  const content = await world.api.patch(volumeSnapshotContents, ref, { type: 'merge', body: retain });
  await world.api.delete(volumeSnapshots, inDefault('monday'));
  await world.until(volumeSnapshots, inDefault('monday'), (it) => it === undefined);
  await world.api.delete(volumeSnapshotContents, ref);
  await world.until(volumeSnapshotContents, ref, (it) => it === undefined);
  expect(world.store.all('snapshots')).toHaveLength(1);
  await world.api.create(volumeSnapshotContents, {
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshotContent',
    metadata: { name: 'kept' },
    spec: {
      driver: driverName,
      deletionPolicy: 'Delete',
      source: { snapshotHandle: content.status?.snapshotHandle },
      volumeSnapshotRef: { name: 'again', namespace: 'default' },
    },
  });
  await world.api.create(volumeSnapshots, {
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshot',
    metadata: { name: 'again', namespace: 'default' },
    spec: { source: { volumeSnapshotContentName: 'kept' } },
  });
  await ready('again');
  await world.api.delete(volumeSnapshots, inDefault('again'));
  await world.until(volumeSnapshots, inDefault('again'), (it) => it === undefined);
  expect(world.store.all('snapshots')).toEqual([]);
});

test('a clone holds its source until it is made', async () => {
  world = await World.start('--slow', 'CreateVolume=300');
  await world.storageClass('other');
  await world.claim('data');
  await world.bound('data');
  const [source] = world.store.all('volumes');
  writeFileSync(join(world.store.data(source?.id ?? ''), 'file'), 'twice');
  await world.claim('copy', { dataSource: { kind: 'PersistentVolumeClaim', name: 'data' } });
  await world.until(persistentVolumeClaims, inDefault('data'), (it) =>
    Boolean(it?.metadata.finalizers?.includes('provisioner.storage.kubernetes.io/cloning-protection')),
  );
  await world.api.delete(persistentVolumeClaims, inDefault('data'));
  await world.bound('copy');
  await world.until(persistentVolumeClaims, inDefault('data'), (it) => it === undefined);
  await expect.poll(() => world.store.all('volumes').length).toBe(1);
  const [copy] = world.store.all('volumes');
  expect(await readFile(join(world.store.data(copy?.id ?? ''), 'file'), 'utf8')).toBe('twice');
});

test('a claim grows with the controller alone', async () => {
  world = await World.start('--growth', 'controller');
  await world.storageClass('other');
  await world.claim('data');
  await world.bound('data');
  await grow('data', '3Gi');
  const claim = await world.until(
    persistentVolumeClaims,
    inDefault('data'),
    (it) => it?.status?.capacity?.['storage'] === '3Gi',
  );
  expect(claim?.status?.conditions ?? []).toEqual([]);
  expect(claim?.status?.allocatedResourceStatuses).toBeUndefined();
  expect(world.store.all('volumes')[0]?.size).toBe(3 * 2 ** 30);
  await expect.poll(() => world.told.join('\n')).toMatch(/Resizing.*VolumeResizeSuccessful/s);
});

test('a claim whose driver grows on the node too waits for it, and says so', async () => {
  world = await World.start('--growth', 'controller-and-node');
  await world.storageClass('other');
  await world.claim('data');
  await world.bound('data');
  await grow('data', '3Gi');
  const claim = await world.until(persistentVolumeClaims, inDefault('data'), (it) =>
    Boolean(it?.status?.conditions?.some(({ type }) => type === 'FileSystemResizePending')),
  );
  expect(claim?.status).toMatchObject({
    capacity: { storage: '1Gi' },
    allocatedResources: { storage: '3Gi' },
    allocatedResourceStatuses: { storage: 'NodeResizePending' },
  });
  const volume = await world.api.get(persistentVolumes, { name: claim?.spec.volumeName ?? '' });
  expect(volume?.spec.capacity).toEqual({ storage: '3Gi' });
});

test('what a driver does not announce is never asked of it', async () => {
  world = await World.start('--no-snapshots', '--no-clones', '--growth', 'none');
  await world.storageClass('other');
  await snapshotClass();
  await world.claim('data');
  await world.bound('data');
  await snapshotOf('data', 'monday');
  await grow('data', '2Gi');
  await world.claim('copy', { dataSource: { kind: 'PersistentVolumeClaim', name: 'data' } });
  const snapshot = await world.until(volumeSnapshots, inDefault('monday'), (it) => Boolean(it?.status?.error));
  expect(snapshot?.status?.error?.message).toContain('does not take snapshots');
  await expect.poll(() => world.told.join('\n')).toContain("can't grow volumes");
  await expect.poll(() => world.told.join('\n')).toContain('does not clone volumes');
  for (const name of ['monday']) await world.api.delete(volumeSnapshots, inDefault(name));
  await world.until(volumeSnapshots, inDefault('monday'), (it) => it === undefined);
  for (const name of ['copy', 'data']) await world.api.delete(persistentVolumeClaims, inDefault(name));
  await expect.poll(() => world.store.all('volumes'), { timeout: 10_000 }).toEqual([]);
  const asked = new Set(await world.calls());
  expect([...asked].sort()).toEqual([
    'ControllerGetCapabilities',
    'CreateVolume',
    'DeleteVolume',
    'GetPluginCapabilities',
    'GetPluginInfo',
    'NodeGetCapabilities',
    'NodeGetInfo',
    'Probe',
  ]);
});

test('a driver that forgets its answers leaves one volume for a claim, and none when the claim goes', async () => {
  world = await World.start('--forgetful', 'CreateVolume=2', '--forgetful', 'DeleteVolume=2');
  await world.storageClass('other');
  await world.claim('data');
  await world.bound('data');
  expect(world.store.all('volumes')).toHaveLength(1);
  await world.api.delete(persistentVolumeClaims, inDefault('data'));
  await expect.poll(() => world.store.all('volumes'), { timeout: 10_000 }).toEqual([]);
});

test('a claim that is deleted while the answer is out leaves nothing', async () => {
  world = await World.start('--forgetful', 'CreateVolume=3');
  await world.storageClass('other');
  await world.claim('data');
  await expect.poll(() => world.store.all('volumes').length).toBe(1);
  await world.api.delete(persistentVolumeClaims, inDefault('data'));
  await world.until(persistentVolumeClaims, inDefault('data'), (it) => it === undefined);
  await expect.poll(() => world.store.all('volumes'), { timeout: 10_000 }).toEqual([]);
  expect((await world.api.list(persistentVolumes)).items).toEqual([]);
});

test('a claim that is deleted while Moorage and its driver are down leaves nothing', async () => {
  world = await World.start('--forgetful', 'CreateVolume=1000');
  await world.storageClass('other');
  await world.claim('data');
  await expect.poll(() => world.store.all('volumes').length).toBe(1);
  await world.stopMoorage();
  await world.killDriver();
  await world.api.delete(persistentVolumeClaims, inDefault('data'));
  await world.startDriver();
  await world.startMoorage();
  await world.until(persistentVolumeClaims, inDefault('data'), (it) => it === undefined);
  expect(world.store.all('volumes')).toEqual([]);
});

test('a claim that the driver refuses says why, and goes at once', async () => {
  world = await World.start('--room', String(2 ** 30));
  await world.storageClass('other');
  await world.claim('data', { resources: { requests: { storage: '5Gi' } } });
  await expect.poll(() => world.told.join('\n')).toContain('ProvisioningFailed');
  expect(world.told.join('\n')).toContain('code = RESOURCE_EXHAUSTED desc = 1073741824 bytes are left');
  await world.api.delete(persistentVolumeClaims, inDefault('data'));
  await world.until(persistentVolumeClaims, inDefault('data'), (it) => it === undefined);
  expect(world.store.all('volumes')).toEqual([]);
});

test('a driver that was killed comes back, as another version, and claims go on', async () => {
  world = await World.start();
  await world.storageClass('other');
  await world.killDriver();
  await world.claim('data');
  await expect.poll(() => world.told.join('\n')).toContain('UNAVAILABLE');
  await world.startDriver('--no-snapshots');
  await world.bound('data');
  await expect.poll(() => world.driver?.capabilities.snapshots).toBe(false);
});

test('a driver with another name than expected is refused', async () => {
  world = await World.start();
  await world.stopMoorage();
  await world.killDriver();
  await world.startDriver('--name', 'impostor.example.com');
  await expect(world.startMoorage()).rejects.toThrow('calls itself impostor.example.com');
});
