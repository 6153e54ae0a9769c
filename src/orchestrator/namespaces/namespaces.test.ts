import { expect, test } from 'vitest';
import { openTemporaryApi } from '../../api/embedded/temporary.ts';
import { silent } from '../../lib/log.ts';
import { configMaps, namespaces, secrets } from '../../model/kinds/index.ts';
import { createNamespaces } from './namespaces.ts';

test('a namespace goes with all that is in it, and says what it waits for', async () => {
  await using store = await openTemporaryApi();
  const { api } = store;
  await using controller = createNamespaces({ api, log: silent });
  await controller.start();
  await api.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
  const held = { namespace: 'shop', name: 'held' };
  for (const name of ['a', 'b']) {
    await api.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'shop' } });
  }
  await api.create(secrets, { apiVersion: 'v1', kind: 'Secret', metadata: { ...held, finalizers: ['example.com/x'] } });
  await api.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'default' } });

  await api.delete(namespaces, { name: 'shop' });
  const conditions = () => {
    const all = api.informer(namespaces).get({ name: 'shop' })?.status?.conditions ?? [];
    return Object.fromEntries(all.map(({ type, status, message }) => [type, `${status} ${message}`]));
  };
  await expect.poll(conditions).toMatchObject({
    NamespaceDeletionContentFailure: 'False All content successfully deleted, may be waiting on finalization',
    NamespaceContentRemaining: 'True Some resources are remaining: secrets. has 1 resource instances',
    NamespaceFinalizersRemaining:
      'True Some content in the namespace has finalizers remaining: example.com/x in 1 resource instances',
  });
  await api.patch(secrets, held, { type: 'merge', body: { metadata: { finalizers: null } } });
  await expect.poll(() => api.informer(namespaces).get({ name: 'shop' })).toBeUndefined();
  expect([...api.informer(configMaps).list()].map(({ metadata }) => metadata.namespace)).toEqual(['default']);
});

test('an empty namespace goes at once, also if its deletion was asked for before the start', async () => {
  await using store = await openTemporaryApi();
  const { api } = store;
  await api.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
  await api.delete(namespaces, { name: 'shop' });
  await using controller = createNamespaces({ api, log: silent });
  await controller.start();
  await expect.poll(() => api.informer(namespaces).get({ name: 'shop' })).toBeUndefined();
});
