import { expect, test } from 'vitest';
import { silent } from '../lib/log.ts';
import { nodes } from '../model/kinds/index.ts';
import { Controller } from './controller.ts';
import { openTemporaryApi } from './embedded/temporary.ts';

const node = (name: string) => ({ apiVersion: 'v1' as const, kind: 'Node' as const, metadata: { name } });

test('works on what is there, then on what changes, and looks again when asked', async () => {
  await using store = await openTemporaryApi();
  const { api } = store;
  await api.create(nodes, node('before'));
  const worked: string[] = [];
  await using controller = new Controller({
    name: 'test',
    log: silent,
    reconcile: async (key) => {
      worked.push(key);
      return worked.filter((it) => it === 'again').length === 1 && key === 'again' ? { again: 1 } : undefined;
    },
  }).watch(api.informer(nodes), (object) => [object.metadata.name]);
  await controller.start();
  await api.create(nodes, node('again'));
  await api.delete(nodes, { name: 'before' });
  controller.add('by-hand');
  await expect.poll(() => worked.toSorted()).toEqual(['again', 'again', 'before', 'before', 'by-hand']);
});

test('hears nothing more once it is disposed of', async () => {
  await using store = await openTemporaryApi();
  const { api } = store;
  const worked: string[] = [];
  {
    await using controller = new Controller({
      name: 'test',
      log: silent,
      reconcile: async (key) => {
        worked.push(key);
      },
    }).watch(api.informer(nodes), (object) => [object.metadata.name]);
    await controller.start();
  }
  await api.create(nodes, node('late'));
  expect(worked).toEqual([]);
});
