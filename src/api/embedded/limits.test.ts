import { describe, expect, test } from 'vitest';
import { configMaps, nodes } from '../../model/kinds/index.ts';
import { openTemporaryApi } from './temporary.ts';

function nested(levels: number): unknown {
  let value: unknown = 'end';
  for (let level = 0; level < levels; level += 1) value = { a: value };
  return value;
}

const map = (name: string, more: object = {}) => ({
  apiVersion: 'v1' as const,
  kind: 'ConfigMap' as const,
  metadata: { name, namespace: 'default' },
  ...more,
});

describe('a write that can not be stored', () => {
  test('fails alone, whatever it throws; its group and later lists are not touched', async () => {
    await using store = await openTemporaryApi();
    const { api } = store;
    const unwritable = { toJSON: () => expect.fail('no text') };
    const bad = [
      map('deep', { immutable: nested(200) }),
      map('bottomless', { immutable: nested(100_000) }),
      map('throws', { data: { a: unwritable } }),
      map('number', { data: { a: 1n } }),
      map('large', { data: { a: 'x'.repeat(1536 * 1024) } }),
    ];
    const results = await Promise.allSettled(
      Array.from({ length: 50 }, (_, at) => [map(`good-${at}`), ...bad.slice(at, at + 1)])
        .flat()
        .map((object) => api.create(configMaps, object as never)),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(50);
    const { items } = await api.list(configMaps);
    expect(items.map(({ metadata }) => metadata.name)).toEqual(
      Array.from({ length: 50 }, (_, at) => `good-${at}`).sort(),
    );
    const versions = items.map(({ metadata }) => Number(metadata.resourceVersion));
    expect(Math.max(...versions) - Math.min(...versions), 'no version is used up by what failed').toBe(49);
  });

  test('says why: 400 for what is nested too deeply, 413 above 1.5 MiB', async () => {
    await using store = await openTemporaryApi();
    const { api } = store;
    await api.create(configMaps, map('it', { data: { a: 'x' } }));
    const patch = (body: unknown) =>
      api.patch(configMaps, { namespace: 'default', name: 'it' }, { type: 'merge', body });
    await expect(patch({ data: { b: nested(99) } })).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining('nested'),
    });
    // Two bytes to a character: it is bytes that count.
    await expect(patch({ data: { b: 'é'.repeat(800 * 1024) } })).rejects.toMatchObject({
      status: { code: 413, reason: 'RequestEntityTooLarge', message: expect.stringContaining('request is too large') },
    });
    await patch({ data: { b: 'x'.repeat(1500 * 1024) } });
    await patch({ data: { b: null } });
    expect(await api.get(configMaps, { namespace: 'default', name: 'it' })).toMatchObject({ data: { a: 'x' } });
  });
});

test('the history is cut by what it holds, too: the largest first, and others stay', async () => {
  await using store = await openTemporaryApi();
  const { api } = store;
  const { resourceVersion } = await api.list(nodes);
  await api.create(nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'a' } });
  const { signal } = new AbortController();
  const data = (count: number) => map('large', { data: { count: String(count), a: 'x'.repeat(1024 * 1024) } });
  await api.create(configMaps, data(0));
  for (let count = 1; count <= 100; count += 1) await api.update(configMaps, data(count));
  const first = (kind: typeof nodes | typeof configMaps) =>
    api
      .watch(kind as typeof nodes, { resourceVersion, signal })
      [Symbol.asyncIterator]()
      .next();
  await expect(first(configMaps)).rejects.toMatchObject({ code: 'not-ready' });
  expect((await first(nodes)).value).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'a' } } });
});
