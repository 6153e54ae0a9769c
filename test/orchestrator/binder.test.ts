import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  type PersistentVolumeClaim,
  persistentVolumeClaims,
  persistentVolumes,
  type StorageClass,
  storageClasses,
} from '../../src/model/kinds/index.ts';
import { inDefault } from '../support/until-object.ts';
import { TestWorld } from './world.ts';

let world: TestWorld;
beforeEach(async () => {
  world = await TestWorld.open();
  await world.start();
});
afterEach(async () => {
  await world[Symbol.asyncDispose]();
});

const isBound = (claim: PersistentVolumeClaim | undefined) => claim?.status?.phase === 'Bound';

async function storageClass(name: string, more: Partial<StorageClass> = {}): Promise<void> {
  await world.api.create(storageClasses, {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name },
    provisioner: 'other.example.com',
    volumeBindingMode: 'Immediate',
    ...more,
  });
}

test('as many claims as volumes, all at once, get one each', async () => {
  const names = Array.from({ length: 50 }, (_, index) => `n${index}`);
  await Promise.all(names.map((name) => world.volume(name, { hostPath: { path: `/srv/${name}` } })));
  await Promise.all(names.map((name) => world.claim(name)));
  await Promise.all(names.map((name) => world.until(persistentVolumeClaims, inDefault(name), isBound)));
  const { items } = await world.api.list(persistentVolumeClaims);
  expect(new Set(items.map((claim) => claim.spec.volumeName)).size).toBe(50);
  const volumes = await Promise.all(
    names.map((name) => world.until(persistentVolumes, { name }, (volume) => volume?.status?.phase === 'Bound')),
  );
  expect(new Set(volumes.map((volume) => volume?.spec.claimRef?.name)).size).toBe(50);
});

test('a claim waits for its volume, and both say so in the end', async () => {
  await world.claim('data');
  await expect.poll(() => world.told.join()).toContain('no storage class is set');
  await world.volume('one', { hostPath: { path: '/srv/one' }, capacity: { storage: '2Gi' } });
  const claim = await world.until(persistentVolumeClaims, inDefault('data'), isBound);
  expect(claim?.status).toMatchObject({ capacity: { storage: '2Gi' }, accessModes: ['ReadWriteOnce'] });
});

test('a retained volume is Released, and Available once somebody frees it', async () => {
  await world.volume('one', { hostPath: { path: '/srv/one' } });
  await world.claim('data');
  await world.until(persistentVolumeClaims, inDefault('data'), isBound);
  await world.api.delete(persistentVolumes, { name: 'one' });
  expect(
    (await world.api.get(persistentVolumes, { name: 'one' }))?.metadata.deletionTimestamp,
    'protected',
  ).toBeDefined();
  await world.api.delete(persistentVolumeClaims, inDefault('data'));
  await world.until(persistentVolumes, { name: 'one' }, (volume) => volume === undefined);

  await world.volume('two', { hostPath: { path: '/srv/two' } });
  await world.claim('more');
  await world.until(persistentVolumeClaims, inDefault('more'), isBound);
  await world.api.delete(persistentVolumeClaims, inDefault('more'));
  await world.until(persistentVolumes, { name: 'two' }, (volume) => volume?.status?.phase === 'Released');
  await world.api.patch(persistentVolumes, { name: 'two' }, { type: 'merge', body: { spec: { claimRef: null } } });
  await world.until(persistentVolumes, { name: 'two' }, (volume) => volume?.status?.phase === 'Available');
});

test('a claim whose volume is taken away is Lost', async () => {
  await world.volume('one', { hostPath: { path: '/srv/one' } });
  await world.claim('data');
  await world.until(persistentVolumeClaims, inDefault('data'), isBound);
  await world.api.delete(persistentVolumes, { name: 'one' });
  await world.api.patch(
    persistentVolumes,
    { name: 'one' },
    { type: 'merge', body: { metadata: { finalizers: null } } },
  );
  await world.until(persistentVolumeClaims, inDefault('data'), (claim) => claim?.status?.phase === 'Lost');
});

test('a class that waits binds when a Mount comes, to a volume of its node', async () => {
  await storageClass('lazy', {
    provisioner: 'kubernetes.io/no-provisioner',
    volumeBindingMode: 'WaitForFirstConsumer',
  });
  const affinity = (name: string) => ({
    required: {
      nodeSelectorTerms: [
        { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In' as const, values: [name] }] },
      ],
    },
  });
  const spec = { storageClassName: 'lazy', local: { path: world.path('.') } };
  await world.volume('far', { ...spec, nodeAffinity: affinity('elsewhere') });
  await world.volume('near', { ...spec, nodeAffinity: affinity('here') });
  await world.claim('data', { storageClassName: 'lazy' });
  await expect.poll(() => world.told.join()).toContain('waiting for first consumer');
  await world.mount('mount', 'data');
  const claim = await world.until(persistentVolumeClaims, inDefault('data'), isBound);
  expect(claim?.spec.volumeName).toBe('near');
});

test('a class that waits marks node and provisioner when a Mount comes', async () => {
  await storageClass('lazy', { volumeBindingMode: 'WaitForFirstConsumer' });
  await world.claim('data', { storageClassName: 'lazy' });
  await world.mount('mount', 'data');
  const selected = 'volume.kubernetes.io/selected-node';
  const marked = (claim: PersistentVolumeClaim | undefined) => claim?.metadata.annotations?.[selected] === 'here';
  const claim = await world.until(persistentVolumeClaims, inDefault('data'), marked);
  expect(claim?.metadata.annotations?.['volume.kubernetes.io/storage-provisioner']).toBe('other.example.com');
});

test('a claim is bound when the class that it names comes later', async () => {
  await world.claim('data', { storageClassName: 'late' });
  await expect.poll(() => world.told.join()).toContain('storageclass.storage.k8s.io "late" not found');
  await storageClass('late');
  const key = 'volume.kubernetes.io/storage-provisioner';
  await world.until(
    persistentVolumeClaims,
    inDefault('data'),
    (claim) => claim?.metadata.annotations?.[key] !== undefined,
  );
});
