import { expect, test } from 'vitest';
import { configMaps } from '../model/kinds/core.ts';
import { openTemporaryApi } from './embedded/temporary.ts';
import { ensureFinalizer, ensureNoFinalizer, hasFinalizer } from './finalizers.ts';

const ref = { namespace: 'default', name: 'data' };
const [ours, theirs] = ['example.com/ours', 'example.com/theirs'];

test('a finalizer is added beside the others, and taken again; what is so already is not written', async () => {
  await using store = await openTemporaryApi();
  const { api } = store;
  const map = { apiVersion: 'v1' as const, kind: 'ConfigMap' as const, metadata: { ...ref, finalizers: [theirs] } };
  const made = await api.create(configMaps, map);
  const kept = await ensureFinalizer(api, configMaps, made, ours);
  expect(kept.metadata.finalizers).toEqual([theirs, ours]);
  expect(hasFinalizer(kept, ours)).toBe(true);
  expect(await ensureFinalizer(api, configMaps, kept, ours)).toBe(kept);
  const free = await ensureNoFinalizer(api, configMaps, kept, ours);
  expect(free?.metadata.finalizers).toEqual([theirs]);
  expect(free && (await ensureNoFinalizer(api, configMaps, free, ours))).toBe(free);
});

test('an object that has changed since is a conflict, and nothing is lost of what others wrote', async () => {
  await using store = await openTemporaryApi();
  const { api } = store;
  const seen = await api.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: ref });
  const other = await ensureFinalizer(api, configMaps, seen, theirs);
  await expect(ensureFinalizer(api, configMaps, seen, ours)).rejects.toMatchObject({ code: 'conflict' });
  expect((await api.get(configMaps, ref))?.metadata.finalizers).toEqual([theirs]);
  await ensureFinalizer(api, configMaps, other, ours);
  await expect(ensureNoFinalizer(api, configMaps, other, theirs)).rejects.toMatchObject({ code: 'conflict' });
});

test('the last finalizer lets go what is being deleted; of what is gone already, it is gone, too', async () => {
  await using store = await openTemporaryApi();
  const { api } = store;
  const metadata = { ...ref, finalizers: [ours] };
  await api.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata });
  await api.delete(configMaps, ref);
  const going = (await api.get(configMaps, ref)) ?? expect.fail('it should wait for its finalizer');
  await ensureNoFinalizer(api, configMaps, going, ours);
  expect(await api.get(configMaps, ref)).toBeUndefined();
  expect(await ensureNoFinalizer(api, configMaps, going, ours)).toBeUndefined();
});
