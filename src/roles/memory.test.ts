import { channel } from 'node:diagnostics_channel';
import { getHeapStatistics } from 'node:v8';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { giveMemoryBack } from './memory.ts';

const mebibyte = 2 ** 20;
const quiet = 50;

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function pages(): number {
  return getHeapStatistics().total_physical_size;
}

/** Much that is held, until it is dropped. */
function fill(): unknown[] {
  return Array.from({ length: 400_000 }, (_, index) => ({ index, text: [index] }));
}

test('memory is given back once work is over, and only if there is much', () => {
  const work = channel('test.work');
  using _memory = giveMemoryBack({ work: [work], quiet });
  vi.advanceTimersByTime(quiet);
  const before = pages();

  const held: { things?: unknown[] } = { things: fill() };
  expect(pages() - before).toBeGreaterThan(20 * mebibyte);
  expect(held.things).toHaveLength(400_000);
  delete held.things;
  work.publish({});
  vi.advanceTimersByTime(quiet);
  expect(pages()).toBeLessThan(before + 10 * mebibyte);
});

test('nothing is collected while work goes on, nor for a little work', () => {
  const work = channel('test.more-work');
  const collect = vi.fn();
  using _memory = giveMemoryBack({ work: [work], quiet, collect });
  for (let passed = 0; passed < 8 * quiet; passed += 1) {
    for (let count = 0; count < 10; count += 1) work.publish({});
    vi.advanceTimersByTime(1);
  }
  expect(collect).not.toHaveBeenCalled();
  vi.advanceTimersByTime(4 * quiet);
  expect(collect).toHaveBeenCalledTimes(1);
  work.publish({});
  vi.advanceTimersByTime(4 * quiet);
  expect(collect).toHaveBeenCalledTimes(1);
});
