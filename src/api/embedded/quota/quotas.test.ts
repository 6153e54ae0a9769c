import { expect, test } from 'vitest';
import {
  configMaps,
  limitRanges,
  type PersistentVolumeClaim,
  persistentVolumeClaims,
  type ResourceQuota,
  resourceQuotas,
  storageClasses,
} from '../../../model/kinds/index.ts';
import { openTemporaryApi } from '../temporary.ts';

const namespace = 'default';
const claim = (name: string, storage: string, more: Partial<PersistentVolumeClaim['spec']> = {}) =>
  ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, namespace },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage } }, ...more },
  }) satisfies PersistentVolumeClaim;
const quota = (hard: Record<string, string>, more: Partial<ResourceQuota['spec']> = {}): ResourceQuota => ({
  apiVersion: 'v1',
  kind: 'ResourceQuota',
  metadata: { name: 'most', namespace },
  spec: { hard, ...more },
});
const configMap = (name: string) => ({
  apiVersion: 'v1' as const,
  kind: 'ConfigMap' as const,
  metadata: { name, namespace },
});
const opened = async () => {
  const store = await openTemporaryApi();
  const usage = async () => (await store.api.get(resourceQuotas, { namespace, name: 'most' }))?.status;
  return { store, api: store.api.fromOutside, usage };
};

test('the last bytes go to one, the others hear it in Kubernetes’ words', async () => {
  const { store, api, usage } = await opened();
  await using _ = store;
  await api.create(persistentVolumeClaims, claim('before', '3Gi'));
  await api.create(resourceQuotas, quota({ 'requests.storage': '10Gi', persistentvolumeclaims: '100' }));
  expect(await usage()).toEqual({
    hard: { 'requests.storage': '10Gi', persistentvolumeclaims: '100' },
    used: { 'requests.storage': '3Gi', persistentvolumeclaims: '1' },
  });
  const burst = await Promise.allSettled(
    Array.from({ length: 50 }, (_, index) => api.create(persistentVolumeClaims, claim(`c-${index}`, '1Gi'))),
  );
  expect(burst.filter(({ status }) => status === 'fulfilled')).toHaveLength(7);
  expect((await usage())?.used).toEqual({ 'requests.storage': '10Gi', persistentvolumeclaims: '8' });
  await expect(api.create(persistentVolumeClaims, claim('late', '2Gi'))).rejects.toThrow(
    'persistentvolumeclaims "late" is forbidden: exceeded quota: most, requested: requests.storage=2Gi, used: requests.storage=10Gi, limited: requests.storage=10Gi',
  );
});

test('all that a claim exceeds is named, in order', async () => {
  const { store, api } = await opened();
  await using _ = store;
  const perClass = 'fast.storageclass.storage.k8s.io/requests.storage';
  const hard = { [perClass]: '1Gi', 'count/persistentvolumeclaims': '0', 'requests.storage': '5Gi' };
  await api.create(resourceQuotas, quota(hard));
  await expect(api.create(persistentVolumeClaims, claim('a', '2Gi', { storageClassName: 'fast' }))).rejects.toThrow(
    `exceeded quota: most, requested: count/persistentvolumeclaims=1,${perClass}=2Gi, used: count/persistentvolumeclaims=0,${perClass}=0, limited: count/persistentvolumeclaims=0,${perClass}=1Gi`,
  );
});

test('a deletion gives back when the object is gone, and a dry run takes nothing', async () => {
  const { store, api, usage } = await opened();
  await using _ = store;
  await api.create(resourceQuotas, quota({ persistentvolumeclaims: '1', configmaps: '1' }));
  await api.create(persistentVolumeClaims, claim('a', '1Gi'), { dryRun: true });
  expect((await usage())?.used).toEqual({ persistentvolumeclaims: '0', configmaps: '0' });
  await api.create(persistentVolumeClaims, claim('a', '1Gi'));
  await api.create(configMaps, configMap('a'));
  await expect(api.create(configMaps, configMap('b'))).rejects.toThrow(
    'configmaps "b" is forbidden: exceeded quota: most, requested: configmaps=1, used: configmaps=1, limited: configmaps=1',
  );
  await api.delete(persistentVolumeClaims, { namespace, name: 'a' });
  expect((await usage())?.used?.['persistentvolumeclaims']).toBe('1');
  await api.patch(
    persistentVolumeClaims,
    { namespace, name: 'a' },
    { type: 'merge', body: { metadata: { finalizers: null } } },
  );
  expect((await usage())?.used?.['persistentvolumeclaims']).toBe('0');
});

test('growth counts by what is added, and what does not grow is never refused', async () => {
  const { store, api, usage } = await opened();
  await using _ = store;
  const name = 'grows';
  await api.create(storageClasses, {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: 'fast' },
    provisioner: 'some.driver',
    allowVolumeExpansion: true,
  });
  await api.create(persistentVolumeClaims, claim(name, '4Gi', { storageClassName: 'fast' }));
  await store.api.patch(
    persistentVolumeClaims,
    { namespace, name },
    { type: 'merge', body: { status: { phase: 'Bound' } } },
    { subresource: 'status' },
  );
  await api.create(resourceQuotas, quota({ 'requests.storage': '5Gi' }));
  const grow = (storage: string) =>
    api.patch(
      persistentVolumeClaims,
      { namespace, name },
      { type: 'merge', body: { spec: { resources: { requests: { storage } } } } },
    );
  await expect(grow('6Gi')).rejects.toThrow('requested: requests.storage=2Gi, used: requests.storage=4Gi');
  await grow('5Gi');
  expect((await usage())?.used).toEqual({ 'requests.storage': '5Gi' });
  await api.patch(
    resourceQuotas,
    { namespace, name: 'most' },
    { type: 'merge', body: { spec: { hard: { 'requests.storage': '1Gi' } } } },
  );
  expect(await usage()).toEqual({ hard: { 'requests.storage': '1Gi' }, used: { 'requests.storage': '5Gi' } });
  await api.patch(
    persistentVolumeClaims,
    { namespace, name },
    { type: 'merge', body: { metadata: { labels: { a: 'b' } } } },
  );
});

test('a VolumeAttributesClass is a scope; with a scope of pods no claim counts', async () => {
  const { store, api, usage } = await opened();
  await using _ = store;
  const matchExpressions = [{ scopeName: 'VolumeAttributesClass', operator: 'In', values: ['gold'] }];
  await api.create(resourceQuotas, quota({ persistentvolumeclaims: '1' }, { scopeSelector: { matchExpressions } }));
  await api.create(persistentVolumeClaims, claim('plain', '1Gi'));
  await api.create(persistentVolumeClaims, claim('gold', '1Gi', { volumeAttributesClassName: 'gold' }));
  expect((await usage())?.used).toEqual({ persistentvolumeclaims: '1' });
  await expect(
    api.create(persistentVolumeClaims, claim('more', '1Gi', { volumeAttributesClassName: 'gold' })),
  ).rejects.toThrow('exceeded quota: most');
  await api.create(resourceQuotas, {
    ...quota({ persistentvolumeclaims: '0' }, { scopes: ['BestEffort'] }),
    metadata: { name: 'pods', namespace },
  });
  await api.create(persistentVolumeClaims, claim('other', '1Gi'));
});

test('the sums are right after a start, also where a status was wrong, and what fails takes nothing', async () => {
  const { store, api, usage } = await opened();
  await using _ = store;
  await api.create(resourceQuotas, quota({ 'requests.storage': '3Gi' }));
  await api.create(persistentVolumeClaims, claim('a', '1Gi'));
  await expect(api.create(persistentVolumeClaims, claim('a', '1Gi'))).rejects.toThrow('already exists');
  expect((await usage())?.used).toEqual({ 'requests.storage': '1Gi' });
  await api.patch(
    resourceQuotas,
    { namespace, name: 'most' },
    { type: 'merge', body: { status: { used: { 'requests.storage': '0' } } } },
    { subresource: 'status' },
  );
  expect((await usage())?.used).toEqual({ 'requests.storage': '1Gi' });
});

test('a LimitRange bounds each claim', async () => {
  const { store, api } = await opened();
  await using _ = store;
  const limits = [
    { type: 'PersistentVolumeClaim', min: { storage: '1Gi' }, max: { storage: '2Gi' } },
    { type: 'Container', max: { cpu: '1' } },
  ];
  await api.create(limitRanges, {
    apiVersion: 'v1',
    kind: 'LimitRange',
    metadata: { name: 'l', namespace },
    spec: { limits },
  });
  await expect(api.create(persistentVolumeClaims, claim('big', '3Gi'))).rejects.toThrow(
    'persistentvolumeclaims "big" is forbidden: maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 3Gi',
  );
  await expect(api.create(persistentVolumeClaims, claim('small', '1Mi'))).rejects.toThrow(
    'minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 1Mi',
  );
  await api.create(persistentVolumeClaims, claim('right', '2Gi'));
});
