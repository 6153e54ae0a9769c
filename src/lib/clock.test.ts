import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { sleep, startTimer } from './clock.ts';

const day = 86_400_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test.each([0, 1, 1_000, 25 * day, 400 * day])('a timer of %d ms fires once, and not before', async (ms) => {
  const fired = vi.fn();
  startTimer(ms, fired);
  if (ms > 0) await vi.advanceTimersByTimeAsync(ms - 1);
  expect(fired).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  expect(fired).toHaveBeenCalledOnce();
  expect(vi.getTimerCount()).toBe(0);
});

test.each([Number.POSITIVE_INFINITY, Number.NaN])('a timer of %d ms does not fire', async (ms) => {
  const fired = vi.fn();
  using _timer = startTimer(ms, fired);
  await vi.advanceTimersByTimeAsync(100 * day);
  expect(fired).not.toHaveBeenCalled();
});

test('a timer that was stopped stays so, also after it was armed anew', async () => {
  const fired = vi.fn();
  const timer = startTimer(60 * day, fired);
  await vi.advanceTimersByTimeAsync(30 * day);
  timer.stop();
  expect(vi.getTimerCount()).toBe(0);
  await vi.advanceTimersByTimeAsync(60 * day);
  expect(fired).not.toHaveBeenCalled();
});

test('what sleeps for longer than a timer can wait does not wake at once, and ends when it is told to', async () => {
  vi.useRealTimers();
  const stop = new AbortController();
  const woken = vi.fn();
  const sleeping = sleep(60 * day, stop.signal).then(woken, (error: Error) => error.name);
  await sleep(20);
  expect(woken).not.toHaveBeenCalled();
  stop.abort();
  expect(await sleeping).toBe('AbortError');
});
