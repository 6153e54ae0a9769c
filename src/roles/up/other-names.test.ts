import { afterEach, beforeEach, expect, test } from 'vitest';
import { openTemporaryApi, type TemporaryApi } from '../../api/embedded/temporary.ts';
import { silent } from '../../lib/log.ts';
import { mounts, nodes, pools } from '../../model/kinds/index.ts';
import type { Condition } from '../../model/object.ts';
import { poolOf } from '../cluster/node-pool.ts';
import { ensureFirstObjects } from './first-objects.ts';
import { chooseNode, sayOtherNames } from './other-names.ts';

let store: TemporaryApi;
beforeEach(async () => {
  store = await openTemporaryApi();
});
afterEach(() => store[Symbol.asyncDispose]());

const startAs = (node: string) => ensureFirstObjects(store.api, { node, backend: 'directory', poolPath: undefined });
const choose = (node: string, isNodeGiven = false) => chooseNode(store.api, { node, isNodeGiven }, silent);
type Told = { readonly status?: { readonly conditions?: readonly Partial<Condition>[] | undefined } | undefined };
const readyOf = (object: Told | undefined) => object?.status?.conditions?.find(({ type }) => type === 'Ready');

test('a node keeps its name when the host gets another one, unless it is told to be another', async () => {
  expect(await choose('before')).toBe('before');
  await startAs('before');
  expect(await choose('before')).toBe('before');
  expect(await choose('after')).toBe('before');
  expect(await choose('after', true)).toBe('after');
});

test('a node whose object was deleted is remembered by its pool', async () => {
  await startAs('before');
  await store.api.delete(nodes, { name: 'before' });
  expect(await choose('after')).toBe('before');
});

test("of several names, the machine's own is taken, and otherwise the user is asked", async () => {
  await startAs('one');
  await store.api.create(pools, poolOf('more', 'two', 'directory', undefined));
  expect(await choose('two')).toBe('two');
  await expect(choose('three')).rejects.toMatchObject({
    code: 'invalid',
    message: expect.stringMatching(/one, two.*--node/),
  });
});

test('under another name, what the old one has says how it comes back, and the new one goes once it is no longer used', async () => {
  const { api } = store;
  await startAs('before');
  const mount = { spec: { claim: 'data', path: '/mnt/data', readOnly: false, node: 'before' } };
  const kind = { apiVersion: 'moorage.dev/v1alpha1', kind: 'Mount' } as const;
  await api.create(mounts, { ...kind, metadata: { name: 'data', namespace: 'default' }, ...mount });
  await startAs('after');
  await sayOtherNames(api, 'after', silent);
  const said = [
    await api.get(nodes, { name: 'before' }),
    await api.get(pools, { name: 'default' }),
    await api.get(mounts, { namespace: 'default', name: 'data' }),
  ].map(readyOf);
  for (const ready of said) {
    expect(ready).toMatchObject({ status: 'False', message: expect.stringContaining('moorage up --node before') });
  }
  const version = api.resourceVersion;
  await sayOtherNames(api, 'after', silent);
  expect(api.resourceVersion).toBe(version);

  await startAs('before');
  await sayOtherNames(api, 'before', silent);
  expect((await api.list(nodes)).items.map(({ metadata }) => metadata.name)).toEqual(['before']);
  expect(readyOf(await api.get(nodes, { name: 'before' }))).toMatchObject({ status: 'True' });
});
