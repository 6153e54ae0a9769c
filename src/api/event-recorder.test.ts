import { expect, test } from 'vitest';
import { silent } from '../lib/log.ts';
import { events, type Node, namespaces, nodes } from '../model/kinds/index.ts';
import { openTemporaryApi } from './embedded/temporary.ts';
import { createEventRecorder } from './event-recorder.ts';

const node: Node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' } };

test('the same news counts up one event, in one write for each interval', async () => {
  await using store = await openTemporaryApi();
  const { api } = store;
  const made = await api.create(nodes, node);
  {
    await using recorder = createEventRecorder({ api, component: 'moorage', log: silent, interval: 50 });
    for (let count = 0; count < 100; count += 1) recorder.warning(made, 'Full', 'the pool is full');
    recorder.normal(made, 'Full', 'the pool is full');
    recorder.warning(made, 'Full', 'the pool is really full');
    const before = Number(api.resourceVersion);
    await expect.poll(() => [...api.informer(events).list()].map(({ count }) => count).sort()).toEqual([1, 1, 100]);
    expect(Number(api.resourceVersion) - before).toBe(4);
    recorder.warning(made, 'Full', 'the pool is full');
  }
  const [full] = [...api.informer(events).list()].filter(({ count }) => count === 101);
  expect(full).toMatchObject({
    metadata: { namespace: 'default', name: expect.stringMatching(/^n\.[0-9a-f]+$/) },
    involvedObject: { kind: 'Node', name: 'n', uid: made.metadata.uid, apiVersion: 'v1' },
    type: 'Warning',
    reason: 'Full',
    message: 'the pool is full',
    source: { component: 'moorage' },
  });
  expect(api.informer(events).size).toBe(3);
});

test('an event that expired in the meantime is told anew; one that can not be written is no error', async () => {
  await using store = await openTemporaryApi();
  const { api } = store;
  const made = await api.create(nodes, node);
  await using recorder = createEventRecorder({ api, component: 'moorage', log: silent, interval: 10 });
  recorder.normal(made, 'Seen', 'here');
  await expect.poll(() => api.informer(events).size).toBe(1);
  for (const { metadata } of api.informer(events).list()) await api.delete(events, metadata);
  recorder.normal(made, 'Seen', 'here');
  await expect.poll(() => [...api.informer(events).list()].map(({ count }) => count)).toEqual([2]);
  const nowhere = { ...node, metadata: { name: 'x', namespace: 'nowhere' } };
  expect(await api.get(namespaces, { name: 'nowhere' })).toBeUndefined();
  expect(() => recorder.warning(nowhere, 'Lost', 'nobody reads this')).not.toThrow();
});

test('a burst of news is written a few at a time, all of it before the end, and what was told twice once', async () => {
  await using store = await openTemporaryApi();
  const { api } = store;
  const made = await api.create(nodes, node);
  let writing = 0;
  let most = 0;
  const slow = Object.assign(Object.create(api) as typeof api, {
    create: async (...args: Parameters<typeof api.create>) => {
      writing += 1;
      most = Math.max(most, writing);
      await new Promise((resolve) => setTimeout(resolve, 5));
      writing -= 1;
      return await api.create(...args);
    },
  });
  {
    await using recorder = createEventRecorder({ api: slow, component: 'moorage', log: silent, interval: 10_000 });
    for (let index = 0; index < 40; index += 1) recorder.normal(made, 'Seen', `here ${index}`);
    recorder.normal(made, 'Seen', 'here 39');
  }
  const written = [...api.informer(events).list()];
  expect(most).toBe(4);
  expect(written).toHaveLength(40);
  expect(written.find(({ message }) => message === 'here 39')?.count).toBe(2);
});
