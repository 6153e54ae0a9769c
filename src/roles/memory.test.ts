import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openTemporaryApi } from '../api/embedded/temporary.ts';
import { nodes } from '../model/kinds/index.ts';
import { giveMemoryBack } from './memory.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

test('memory is given back once after the start and once after much work, when that is over', async () => {
  await using store = await openTemporaryApi();
  const { api } = store;
  const collect = vi.fn();
  using _memory = giveMemoryBack(api, collect);
  const work = (count: number) =>
    Promise.all(
      Array.from({ length: count }, (_, index) =>
        api.create(nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name: `n${index}-${performance.now()}` } }),
      ),
    );
  vi.advanceTimersByTime(5_000);
  expect(collect).toHaveBeenCalledTimes(1);
  expect(vi.getTimerCount()).toBe(0);

  await work(10);
  expect(vi.getTimerCount()).toBe(0);
  await work(600);
  vi.advanceTimersByTime(3_000);
  await work(10);
  vi.advanceTimersByTime(3_000);
  expect(collect).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(5_000);
  expect(collect).toHaveBeenCalledTimes(2);
  expect(vi.getTimerCount()).toBe(0);
});
