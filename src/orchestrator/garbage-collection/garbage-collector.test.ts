import { describe, expect, test } from 'vitest';
import { type Call, interposed } from '../../../test/support/interposed-api.ts';
import { openTemporaryApi } from '../../api/embedded/temporary.ts';
import { silent } from '../../lib/log.ts';
import { type ConfigMap, configMaps, nodes } from '../../model/kinds/index.ts';
import type { OwnerReference } from '../../model/object.ts';
import { createGarbageCollector } from './garbage-collector.ts';
import { planGarbageCollection } from './plan.ts';

const at = (name: string) => ({ namespace: 'default', name });
function map(name: string, owners: OwnerReference[] = [], finalizers: string[] = []): ConfigMap {
  const metadata = { ...at(name), ownerReferences: owners, finalizers };
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata };
}
function ownedBy(owner: ConfigMap, more: Partial<OwnerReference> = {}): OwnerReference {
  const { name, uid = '' } = owner.metadata;
  return { apiVersion: 'v1', kind: 'ConfigMap', name, uid, ...more };
}

describe('in the store', () => {
  test('in the background, dependents go when their last owner is gone, and theirs too', async () => {
    await using store = await openTemporaryApi();
    const { api } = store;
    await using collector = createGarbageCollector({ api, log: silent });
    await collector.start();
    const one = await api.create(configMaps, map('one'));
    const two = await api.create(configMaps, map('two'));
    const child = await api.create(configMaps, map('child', [ownedBy(one), ownedBy(two)]));
    await api.create(configMaps, map('grandchild', [ownedBy(child)]));
    await api.delete(configMaps, at('one'));
    await expect
      .poll(async () => (await api.get(configMaps, at('child')))?.metadata.ownerReferences?.map((it) => it.name))
      .toEqual(['two']);
    await api.delete(configMaps, at('two'));
    await expect.poll(() => api.informer(configMaps).size).toBe(0);
  });

  test('what was left without its owner before the start goes too; another owner of the same name does not count', async () => {
    await using store = await openTemporaryApi();
    const { api } = store;
    const owner = await api.create(configMaps, map('owner'));
    await api.create(configMaps, map('child', [ownedBy(owner)]));
    await api.delete(configMaps, at('owner'));
    await api.create(configMaps, map('owner'));
    await using collector = createGarbageCollector({ api, log: silent });
    await collector.start();
    await expect.poll(() => [...api.informer(configMaps).list()].map((it) => it.metadata.name)).toEqual(['owner']);
  });

  test('what was replaced, since it was seen without an owner, by a namesake that has none to lose, stays', async () => {
    await using store = await openTemporaryApi();
    const { api } = store;
    let namesake: string | undefined;
    const before = async ({ verb, name }: Call) => {
      if (verb !== 'delete' || name !== 'child' || namesake) return;
      namesake = 'is coming';
      await api.delete(configMaps, at('child'));
      namesake = (await api.create(configMaps, map('child'))).metadata.uid;
    };
    await using collector = createGarbageCollector({ api: interposed(api, { before }), log: silent });
    await collector.start();
    const owner = await api.create(configMaps, map('owner'));
    await api.create(configMaps, map('child', [ownedBy(owner)]));
    await api.delete(configMaps, at('owner'));
    await expect.poll(() => api.informer(configMaps).get(at('child'))?.metadata.uid === namesake).toBe(true);
    // What comes after it is carried out after it.
    const other = await api.create(configMaps, map('other'));
    await api.create(configMaps, map('later', [ownedBy(other)]));
    await api.delete(configMaps, at('other'));
    await expect.poll(() => api.informer(configMaps).get(at('later'))).toBeUndefined();
    expect((await api.get(configMaps, at('child')))?.metadata.uid).toBe(namesake);
  });

  test('in the foreground, the owner waits for those that block it', async () => {
    await using store = await openTemporaryApi();
    const { api } = store;
    await using collector = createGarbageCollector({ api, log: silent });
    await collector.start();
    const owner = await api.create(configMaps, map('owner'));
    await api.create(configMaps, map('slow', [ownedBy(owner, { blockOwnerDeletion: true })], ['example.com/hold']));
    await api.create(configMaps, map('free', [ownedBy(owner)]));
    await api.delete(configMaps, at('owner'), { propagationPolicy: 'Foreground' });
    await expect.poll(() => api.informer(configMaps).get(at('free'))).toBeUndefined();
    await expect.poll(() => api.informer(configMaps).get(at('slow'))?.metadata.deletionTimestamp).toBeDefined();
    expect(api.informer(configMaps).get(at('owner'))?.metadata.finalizers).toEqual(['foregroundDeletion']);
    await api.patch(configMaps, at('slow'), { type: 'merge', body: { metadata: { finalizers: null } } });
    await expect.poll(() => api.informer(configMaps).size).toBe(0);
  });

  test('orphans stay and no longer name their owner', async () => {
    await using store = await openTemporaryApi();
    const { api } = store;
    await using collector = createGarbageCollector({ api, log: silent });
    await collector.start();
    const owner = await api.create(configMaps, map('owner'));
    await api.create(configMaps, map('child', [ownedBy(owner)]));
    await api.delete(configMaps, at('owner'), { propagationPolicy: 'Orphan' });
    await expect.poll(() => api.informer(configMaps).get(at('owner'))).toBeUndefined();
    expect(api.informer(configMaps).get(at('child'))?.metadata).not.toHaveProperty('ownerReferences');
  });

  test('an owner for all namespaces owns what is in one', async () => {
    await using store = await openTemporaryApi();
    const { api } = store;
    await using collector = createGarbageCollector({ api, log: silent });
    await collector.start();
    const { metadata } = await api.create(nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' } });
    const owner = { apiVersion: 'v1', kind: 'Node', name: 'n', uid: metadata.uid ?? '' };
    await api.create(configMaps, map('child', [owner]));
    await api.delete(nodes, { name: 'n' });
    await expect.poll(() => api.informer(configMaps).size).toBe(0);
  });
});

describe('plan', () => {
  test('an owner of a kind that is not served keeps its dependents', () => {
    const object = map('child', [{ apiVersion: 'example.com/v1', kind: 'Shop', name: 'x', uid: '1' }]);
    expect(planGarbageCollection({ object, dependents: [], ownerState: () => 'unknown' })).toEqual([]);
  });

  test('a dependent that blocks its waiting owner and is blocked itself goes in the foreground', () => {
    const object = { ...map('middle', [ownedBy(map('top'))]) };
    object.metadata.uid = 'm';
    const leaf = map('leaf', [ownedBy(object, { blockOwnerDeletion: true })]);
    expect(planGarbageCollection({ object, dependents: [leaf], ownerState: () => 'waiting' })).toEqual([
      { do: 'delete', policy: 'Foreground' },
    ]);
  });
});
