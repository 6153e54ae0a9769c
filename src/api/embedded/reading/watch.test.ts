import { describe, expect, test, vi } from 'vitest';
import { type Node, nodes } from '../../../model/kinds/index.ts';
import type { WatchEvent } from '../../api.ts';
import { openTemporaryApi } from '../temporary.ts';

const node = (name: string, labels = {}) => ({
  apiVersion: 'v1' as const,
  kind: 'Node' as const,
  metadata: { name, labels },
});

/** The next events of a watch, as `TYPE name`. */
async function next(events: AsyncIterator<WatchEvent<Node>>, count: number): Promise<string[]> {
  const seen: string[] = [];
  while (seen.length < count) {
    const { value, done } = await events.next();
    if (done) break;
    seen.push(`${value.type} ${value.object.metadata.name}`);
  }
  return seen;
}

describe('watch', () => {
  test('misses nothing between a list and its watch, and goes on with what comes', async () => {
    await using store = await openTemporaryApi();
    const { api } = store;
    await api.create(nodes, node('before'));
    const { resourceVersion } = await api.list(nodes);
    await api.create(nodes, node('a'));
    await api.delete(nodes, { name: 'before' });
    const stop = new AbortController();
    const events = api.watch(nodes, { resourceVersion, signal: stop.signal })[Symbol.asyncIterator]();
    expect(await next(events, 2)).toEqual(['ADDED a', 'DELETED before']);
    const later = next(events, 2);
    await api.create(nodes, node('b'));
    await api.patch(nodes, { name: 'a' }, { type: 'merge', body: { metadata: { labels: { x: 'y' } } } });
    expect(await later).toEqual(['ADDED b', 'MODIFIED a']);
    const end = events.next();
    stop.abort();
    expect(await end).toEqual({ value: undefined, done: true });
  });

  test('with a selector, what comes into sight is added and what leaves it is deleted', async () => {
    await using store = await openTemporaryApi();
    const { api } = store;
    const { resourceVersion } = await api.list(nodes);
    const label = (name: string, side: string) =>
      api.patch(nodes, { name }, { type: 'merge', body: { metadata: { labels: { side } } } });
    await api.create(nodes, node('a', { side: 'r' }));
    await label('a', 'l');
    await label('a', 'r');
    await api.create(nodes, node('other', { side: 'r' }));
    await api.delete(nodes, { name: 'other' });
    await api.create(nodes, node('b', { side: 'l' }));
    await api.delete(nodes, { name: 'b' });
    const stop = new AbortController();
    const events = api.watch(nodes, { resourceVersion, labelSelector: 'side=l', signal: stop.signal });
    expect(await next(events[Symbol.asyncIterator](), 4)).toEqual(['ADDED a', 'DELETED a', 'ADDED b', 'DELETED b']);
    stop.abort();
  });

  test('a version before the history is not-ready (410), one that is yet to come a timeout, nonsense invalid', async () => {
    await using store = await openTemporaryApi();
    const { api } = store;
    await api.create(nodes, node('a'));
    const { resourceVersion } = await api.list(nodes);
    const change = (count: number) =>
      api.patch(nodes, { name: 'a' }, { type: 'merge', body: { metadata: { labels: { count: String(count) } } } });
    const { signal } = new AbortController();
    const slow = api.watch(nodes, { resourceVersion, signal })[Symbol.asyncIterator]();
    const first = slow.next();
    await change(-1);
    expect((await first).value).toMatchObject({ type: 'MODIFIED' });
    await Promise.all(Array.from({ length: 6_000 }, (_, count) => change(count)));
    await expect(slow.next()).rejects.toMatchObject({ code: 'not-ready' });
    const open = (version: string) =>
      api.watch(nodes, { resourceVersion: version, signal })[Symbol.asyncIterator]().next();
    await expect(open(resourceVersion)).rejects.toMatchObject({ code: 'not-ready' });
    await expect(open('999999999')).rejects.toMatchObject({ code: 'timeout' });
    await expect(open('soon')).rejects.toMatchObject({ code: 'invalid' });
  });

  test('many watchers see every version once, in order, whatever their pace', async () => {
    await using store = await openTemporaryApi();
    const { api } = store;
    const { resourceVersion } = await api.list(nodes);
    await api.create(nodes, node('a'));
    const stop = new AbortController();
    const follow = async () => {
      const versions: number[] = [];
      for await (const { object } of api.watch(nodes, { resourceVersion, signal: stop.signal })) {
        versions.push(Number(object.metadata.resourceVersion));
        if (Math.random() < 0.1) await new Promise((resolve) => setImmediate(resolve));
        if (object.metadata.labels?.['count'] === '499') break;
      }
      return versions;
    };
    const followers = Array.from({ length: 5 }, follow);
    for (let count = 0; count < 500; count += 1) {
      const written = api.patch(
        nodes,
        { name: 'a' },
        { type: 'merge', body: { metadata: { labels: { count: String(count) } } } },
      );
      if (count % 7 === 0) await written;
    }
    for (const versions of await Promise.all(followers)) {
      expect(versions).toHaveLength(501);
      expect(versions).toEqual(versions.toSorted((one, other) => one - other));
    }
    stop.abort();
  });

  test('a bookmark comes once a minute where there is news, also to who sees none of it', async () => {
    await using store = await openTemporaryApi();
    const { api } = store;
    const { resourceVersion } = await api.list(nodes);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    try {
      const stop = new AbortController();
      const options = { resourceVersion, labelSelector: 'never=seen', bookmarks: true, signal: stop.signal };
      const events = api.watch(nodes, options)[Symbol.asyncIterator]();
      const mark = events.next();
      for (let second = 0; second < 61; second += 1) {
        await api.create(nodes, node(`busy-${second}`));
        vi.advanceTimersByTime(1_000);
      }
      const { value } = await mark;
      expect(value).toMatchObject({ type: 'BOOKMARK', object: { metadata: { name: '' } } });
      expect(Number(value.object.metadata.resourceVersion)).toBeGreaterThan(Number(resourceVersion) + 55);
      stop.abort();
      expect(await events.next()).toMatchObject({ done: true });
    } finally {
      vi.useRealTimers();
    }
  });
});
