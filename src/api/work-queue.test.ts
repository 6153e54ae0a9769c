import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { MoorageError } from '../lib/errors.ts';
import { WorkQueue } from './work-queue.ts';

function queueOf(
  work: (key: string, signal: AbortSignal) => Promise<number | undefined>,
  { concurrency = 4, maxBackoff = 100 } = {},
) {
  const errors: string[] = [];
  const queue = new WorkQueue({
    concurrency,
    maxBackoff,
    work,
    onError: (key, _error, tries) => errors.push(`${key} ${tries}`),
  });
  return { queue, errors };
}

test('a key that is added while it waits is worked on once; while it is worked on, once more', async () => {
  const worked: string[] = [];
  let release = () => {};
  const { queue } = queueOf(async (key) => {
    worked.push(key);
    if (worked.length === 1) await new Promise<void>((resolve) => (release = resolve));
    return undefined;
  });
  queue.add('a');
  queue.add('a');
  queue.start();
  queue.add('a');
  queue.add('a');
  expect(worked).toEqual(['a']);
  release();
  await expect.poll(() => worked).toEqual(['a', 'a']);
  await sleep(20);
  expect(worked).toHaveLength(2);
  await queue.close();
});

test('never more at once than allowed, and never one key twice at once', async () => {
  const running = new Set<string>();
  let most = 0;
  let done = 0;
  const { queue } = queueOf(
    async (key) => {
      expect(running.has(key)).toBe(false);
      running.add(key);
      most = Math.max(most, running.size);
      await sleep(1);
      running.delete(key);
      done += 1;
      return undefined;
    },
    { concurrency: 3 },
  );
  queue.start();
  for (let round = 0; round < 5; round += 1) {
    for (let key = 0; key < 10; key += 1) queue.add(String(key));
    await sleep(1);
  }
  await expect.poll(() => running.size === 0 && done >= 10).toBe(true);
  expect(most).toBe(3);
  await queue.close();
});

describe('a key whose work fails', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  test('comes back later and later', async () => {
    const times: number[] = [];
    const { queue, errors } = queueOf(async () => {
      times.push(performance.now());
      if (times.length < 6) throw new Error('no');
      return undefined;
    });
    queue.add('a');
    queue.start();
    await vi.runAllTimersAsync();
    expect(errors).toEqual(['a 1', 'a 2', 'a 3', 'a 4', 'a 5']);
    expect(times.slice(1).map((time, index) => time - (times[index] ?? 0))).toEqual([10, 20, 40, 80, 100]);
    await queue.close();
  });

  test('comes back at once when it is added', async () => {
    let tries = 0;
    const { queue } = queueOf(
      async () => {
        tries += 1;
        throw new Error('no');
      },
      { maxBackoff: 60_000 },
    );
    queue.add('a');
    queue.start();
    await vi.advanceTimersByTimeAsync(1_000);
    const before = tries;
    queue.add('a');
    await vi.advanceTimersByTimeAsync(0);
    expect(tries).toBe(before + 1);
    await queue.close();
  });

  test('does not wait long after a lost race', async () => {
    let tries = 0;
    const { queue } = queueOf(
      async () => {
        tries += 1;
        if (tries < 10) throw new MoorageError('conflict', 'lost');
        return undefined;
      },
      { maxBackoff: 60_000 },
    );
    queue.add('a');
    queue.start();
    await vi.advanceTimersByTimeAsync(90);
    expect(tries).toBe(10);
    await queue.close();
  });
});

test('of two wishes for later the sooner wins, and now wins over later', async () => {
  const worked: string[] = [];
  const { queue } = queueOf(async (key) => {
    worked.push(key);
    return undefined;
  });
  queue.start();
  queue.add('a', 60_000);
  queue.add('a', 5);
  queue.add('a', 30_000);
  queue.add('b', 60_000);
  queue.add('b');
  await expect.poll(() => worked.toSorted()).toEqual(['a', 'b']);
  await queue.close();
});

test('closing waits for what runs, tells it, and starts nothing more', async () => {
  let ended = false;
  const { queue } = queueOf(async (_key, signal) => {
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    await sleep(10);
    ended = true;
    return 1;
  });
  queue.add('a');
  queue.start();
  queue.add('a');
  await queue.close();
  expect(ended).toBe(true);
  queue.add('b');
  await sleep(10);
});

test('a key whose time is in years neither comes at once nor again and again', async () => {
  vi.useFakeTimers();
  try {
    const work = vi.fn(async () => 400 * 86_400_000);
    const queue = new WorkQueue({ concurrency: 1, maxBackoff: 1_000, work, onError: () => {} });
    queue.add('far', 400 * 86_400_000);
    queue.start();
    await vi.advanceTimersByTimeAsync(399 * 86_400_000);
    expect(work).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(2 * 86_400_000);
    expect(work).toHaveBeenCalledOnce();
    await queue.close();
  } finally {
    vi.useRealTimers();
  }
});
