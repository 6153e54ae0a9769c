import { expect, test } from 'vitest';
import { openTemporaryApi } from '../../api/embedded/temporary.ts';
import { silent } from '../../lib/log.ts';
import { pools } from '../../model/kinds/moorage.ts';
import { ensureNodePool, poolOf } from './node-pool.ts';

const options = (node: string) => ({ node, backend: 'auto' as const, poolPath: undefined });

test('a node without a pool is given one of its name; one that has a pool is left alone', async () => {
  await using store = await openTemporaryApi();
  const { api } = store;
  await api.create(pools, poolOf('fast', 'n2', 'image', '/disk'));
  await ensureNodePool(api, options('n1'), silent);
  await ensureNodePool(api, options('n2'), silent);
  await ensureNodePool(api, options('n1'), silent);
  const all = (await api.list(pools)).items.map(({ metadata, spec }) => [metadata.name, spec.node, spec.path]);
  expect(all).toEqual([
    ['fast', 'n2', '/disk'],
    ['n1', 'n1', undefined],
  ]);
});

test('the pool of another node that has its name is not taken away', async () => {
  await using store = await openTemporaryApi();
  const { api } = store;
  await api.create(pools, poolOf('n1', 'elsewhere', 'auto', undefined));
  await ensureNodePool(api, options('n1'), silent);
  expect((await api.list(pools)).items).toMatchObject([{ metadata: { name: 'n1' }, spec: { node: 'elsewhere' } }]);
});
