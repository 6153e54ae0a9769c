import { expect, test } from 'vitest';
import { namespaces, nodes, secrets } from '../../../model/kinds/index.ts';
import { keyOf, refTo } from '../../../model/object.ts';
import { openTemporaryApi } from '../temporary.ts';

const node = (name: string, labels = {}) => ({
  apiVersion: 'v1' as const,
  kind: 'Node' as const,
  metadata: { name, labels },
});

test('lists are sorted, selected, and cut into pages that show one moment', async () => {
  await using store = await openTemporaryApi();
  const { api } = store;
  for (const name of ['d', 'b', 'a', 'c', 'e']) await api.create(nodes, node(name, { side: name < 'c' ? 'l' : 'r' }));
  const selected = await api.list(nodes, { labelSelector: 'side=r', fieldSelector: 'metadata.name!=d' });
  expect(selected.items.map(({ metadata }) => metadata.name)).toEqual(['c', 'e']);

  const first = await api.list(nodes, { limit: 2 });
  expect(first.items.map(({ metadata }) => metadata.name)).toEqual(['a', 'b']);
  expect(first.remainingItemCount).toBe(3);
  await api.delete(nodes, { name: 'd' });
  await api.create(nodes, node('bb'));
  await api.patch(nodes, { name: 'e' }, { type: 'merge', body: { metadata: { labels: { side: 'new' } } } });
  const second = await api.list(nodes, { limit: 2, continue: first.continue });
  expect(second.items.map(({ metadata }) => metadata.name)).toEqual(['c', 'd']);
  expect(second.resourceVersion).toBe(first.resourceVersion);
  const third = await api.list(nodes, { limit: 2, continue: second.continue });
  expect(third.items.map(({ metadata }) => [metadata.name, metadata.labels?.['side']])).toEqual([['e', 'r']]);
  expect(third.continue).toBeUndefined();
});

test('a page that can no longer be shown is 410, and a token that nobody gave is invalid', async () => {
  await using store = await openTemporaryApi();
  const { api } = store;
  await api.create(nodes, node('a'));
  await api.create(nodes, node('b'));
  const first = await api.list(nodes, { limit: 1 });
  await Promise.all(
    Array.from({ length: 5_000 }, (_, count) =>
      api.patch(nodes, { name: 'b' }, { type: 'merge', body: { metadata: { labels: { count: String(count) } } } }),
    ),
  );
  await expect(api.list(nodes, { limit: 1, continue: first.continue })).rejects.toMatchObject({ code: 'not-ready' });
  await expect(api.list(nodes, { continue: 'abc' })).rejects.toMatchObject({ code: 'invalid' });
});

test('pages across namespaces follow the order of namespaces, then names, whatever comes and goes meanwhile', async () => {
  await using store = await openTemporaryApi();
  const { api } = store;
  const secret = (namespace: string, name: string) =>
    api.create(secrets, { apiVersion: 'v1', kind: 'Secret', metadata: { namespace, name } });
  await api.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kube-public' } });
  for (const name of ['kube-system', 'default', 'kube-public']) for (const it of ['b', 'a']) await secret(name, it);
  const all = ['default/a', 'default/b', 'kube-public/a', 'kube-public/b', 'kube-system/a', 'kube-system/b'];
  const seen: string[] = [];
  let next: string | undefined;
  do {
    const page = await api.list(secrets, { limit: 1, continue: next });
    seen.push(...page.items.map((object) => keyOf(refTo(object))));
    next = page.continue;
    expect(page.remainingItemCount ?? 0).toBe(all.length - seen.length);
    await secret('default', `new-${seen.length}`);
    await secret('kube-system', `0-${seen.length}`);
    if (seen.length === 2) await api.delete(secrets, { namespace: 'kube-public', name: 'b' });
    if (seen.length === 3) await api.delete(secrets, { namespace: 'kube-system', name: 'b' });
  } while (next);
  expect(seen).toEqual(all);
  const rest = await api.list(secrets, { namespace: 'kube-public' });
  expect(rest.items.map(({ metadata }) => metadata.name)).toEqual(['a']);
});
