import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
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

test('a key whose work fails comes back later and later, and at once when it is added', async () => {
  const times: number[] = [];
  const { queue, errors } = queueOf(async () => {
    times.push(performance.now());
    if (times.length < 5) throw new Error('no');
    return undefined;
  });
  queue.add('a');
  queue.start();
  await expect.poll(() => times.length, { timeout: 2_000 }).toBe(5);
  expect(errors).toEqual(['a 1', 'a 2', 'a 3', 'a 4']);
  const pauses = times.slice(1).map((time, index) => time - (times[index] ?? 0));
  expect(pauses[3]).toBeGreaterThan(60);
  expect(pauses[0]).toBeLessThan(50);
  await queue.close();
});

test('a lost race does not make a key wait long', async () => {
  // Nine failures of another kind would wait for five seconds.
  const patient = { maxBackoff: 60_000 };
  let tries = 0;
  const { queue } = queueOf(async () => {
    tries += 1;
    if (tries < 10) throw new MoorageError('conflict', 'lost');
    return undefined;
  }, patient);
  const started = performance.now();
  queue.add('a');
  queue.start();
  await expect.poll(() => tries, { interval: 5 }).toBe(10);
  expect(performance.now() - started).toBeLessThan(1_000);
  await queue.close();
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
