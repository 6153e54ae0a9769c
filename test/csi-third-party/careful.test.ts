import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { type PersistentVolume, persistentVolumeClaims, persistentVolumes } from '../../src/model/kinds/index.ts';
import { type Call, interposed } from '../support/interposed-api.ts';
import { inDefault } from '../support/until-object.ts';
import { driverName, World } from './world.ts';

let world: World;
afterEach(async () => {
  await world[Symbol.asyncDispose]();
});

const inProgress = 'provisioner.moorage.dev/in-progress';

test('a claim carries a finalizer before its driver is asked, so that nothing is made that nobody names', async () => {
  world = await World.start();
  await world.storageClass('other');
  // Alone, as beside a Kubernetes, whose binder knows nothing of the finalizer.
  await world.stopMoorage();
  await world.startMoorage(world.api, 'sidecars');
  const calls = () => readFileSync(join(world.directory, 'driver', 'calls'), 'utf8').split('\n');
  let asked: boolean | undefined;
  using _ = world.api.informer(persistentVolumeClaims).onChange(({ object }) => {
    if (object.metadata.finalizers?.includes(inProgress)) asked ??= calls().includes('CreateVolume');
  });
  const { metadata } = await world.claim('data');
  const annotations = { 'volume.kubernetes.io/storage-provisioner': driverName };
  await world.api.patch(persistentVolumeClaims, inDefault('data'), {
    type: 'merge',
    body: { metadata: { annotations } },
  });
  await world.until(persistentVolumes, { name: `pvc-${metadata.uid}` }, (it) => it !== undefined);
  expect(calls()).toContain('CreateVolume');
  expect(asked).toBe(false);
});

test('a volume that is smaller than what was asked for is not taken, and is deleted again', async () => {
  world = await World.start('--lacking', 'size');
  await world.storageClass('other');
  await world.claim('data');
  await expect
    .poll(() => world.told.join())
    .toContain('created volume capacity 1073741823 less than requested capacity');
  await expect.poll(() => world.calls()).toContain('DeleteVolume');
  expect((await world.api.list(persistentVolumes)).items).toEqual([]);
  expect((await world.api.get(persistentVolumeClaims, inDefault('data')))?.status?.phase).not.toBe('Bound');
});

test('a copy that was not filled from its source is not taken, and is deleted again', async () => {
  world = await World.start('--lacking', 'source');
  await world.storageClass('other');
  await world.claim('data');
  await world.bound('data');
  await world.claim('copy', { dataSource: { kind: 'PersistentVolumeClaim', name: 'data' } });
  await expect.poll(() => world.told.join()).toContain('volume content source missing');
  await expect.poll(() => world.calls()).toContain('DeleteVolume');
  expect((await world.api.list(persistentVolumes)).items).toHaveLength(1);
});

test('a PersistentVolume that has come in the place of the one that goes stays', async () => {
  world = await World.start();
  await world.storageClass('other');
  for (const name of ['data', 'later']) await world.claim(name);
  const name = (await world.bound('data'))?.spec.volumeName ?? '';
  const later = (await world.bound('later'))?.spec.volumeName ?? '';
  let namesake: string | undefined;
  const before = async (call: Call) => {
    if (call.verb !== 'delete' || call.kind !== 'PersistentVolume' || call.name !== name || namesake) return;
    await world.api.delete(persistentVolumes, { name });
    namesake = (await world.api.create(persistentVolumes, byHand(name))).metadata.uid;
  };
  await world.stopMoorage();
  await world.startMoorage(interposed(world.api, { before }));
  await world.api.delete(persistentVolumeClaims, inDefault('data'));
  await expect.poll(() => namesake).toBeDefined();
  await world.api.delete(persistentVolumeClaims, inDefault('later'));
  await world.until(persistentVolumes, { name: later }, (it) => it === undefined);
  const left = await world.api.get(persistentVolumes, { name });
  expect(left).toMatchObject({ metadata: { uid: namesake } });
  expect(left?.metadata.deletionTimestamp).toBeUndefined();
});

function byHand(name: string): PersistentVolume {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name },
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      persistentVolumeReclaimPolicy: 'Retain',
      storageClassName: 'by-hand',
      hostPath: { path: '/nowhere' },
    },
  };
}
