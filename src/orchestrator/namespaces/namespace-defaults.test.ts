import { expect, test } from 'vitest';
import { openTemporaryApi } from '../../api/embedded/temporary.ts';
import { silent } from '../../lib/log.ts';
import { configMaps, namespaces, serviceAccounts } from '../../model/kinds/index.ts';
import { createNamespaceDefaults } from './namespace-defaults.ts';
import { createNamespaces } from './namespaces.ts';

const authority = '-----BEGIN CERTIFICATE-----\n';

test('every namespace has an account and the authority, which come back, and go with it', async () => {
  await using store = await openTemporaryApi();
  const { api } = store;
  await using defaults = createNamespaceDefaults({ api, authority, log: silent });
  await using deletion = createNamespaces({ api, log: silent });
  await Promise.all([defaults.start(), deletion.start()]);
  const accounts = () => [...api.informer(serviceAccounts).list()].map(({ metadata }) => metadata.namespace).sort();
  const authorities = () =>
    [...api.informer(configMaps).list()]
      .map(({ metadata, data }) => [metadata.namespace, metadata.name, data?.['ca.crt']].join(' '))
      .sort();
  const all = (...names: string[]) => names.map((name) => `${name} kube-root-ca.crt ${authority}`);

  await api.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
  await expect.poll(accounts).toEqual(['default', 'kube-system', 'shop']);
  await expect.poll(authorities).toEqual(all('default', 'kube-system', 'shop'));

  const map = { namespace: 'shop', name: 'kube-root-ca.crt' };
  await api.delete(configMaps, map);
  await expect.poll(authorities).toHaveLength(3);
  await api.patch(configMaps, map, { type: 'merge', body: { data: { 'ca.crt': 'forged', more: 'x' } } });
  await expect.poll(authorities).toEqual(all('default', 'kube-system', 'shop'));
  await api.delete(serviceAccounts, { namespace: 'shop', name: 'default' });
  await expect.poll(accounts).toHaveLength(3);

  await api.delete(namespaces, { name: 'shop' });
  await expect.poll(() => api.informer(namespaces).get({ name: 'shop' })).toBeUndefined();
  expect(accounts()).toEqual(['default', 'kube-system']);
  expect(authorities()).toEqual(all('default', 'kube-system'));
});

test('what is there already is not written again', async () => {
  await using store = await openTemporaryApi();
  const { api } = store;
  const once = async () => {
    await using defaults = createNamespaceDefaults({ api, authority, log: silent });
    await defaults.start();
    await expect.poll(() => [...api.informer(configMaps).list()].length).toBe(2);
    await expect.poll(() => [...api.informer(serviceAccounts).list()].length).toBe(2);
  };
  await once();
  const before = api.resourceVersion;
  await once();
  expect(api.resourceVersion).toBe(before);
});
