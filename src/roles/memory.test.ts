import { channel } from 'node:diagnostics_channel';
import { setTimeout as sleep } from 'node:timers/promises';
import { getHeapStatistics } from 'node:v8';
import { expect, test, vi } from 'vitest';
import { giveMemoryBack } from './memory.ts';

const mebibyte = 2 ** 20;
const quiet = 50;

function pages(): number {
  return getHeapStatistics().total_physical_size;
}

/** Much that is held, until it is dropped. */
function fill(): unknown[] {
  return Array.from({ length: 400_000 }, (_, index) => ({ index, text: [index] }));
}

test('memory is given back once work is over, and only if there is much', async () => {
  const work = channel('test.work');
  using _memory = giveMemoryBack({ work: [work], quiet });
  await sleep(6 * quiet);
  const before = pages();

  let held: unknown[] | undefined = fill();
  const full = pages();
  expect(full - before).toBeGreaterThan(20 * mebibyte);
  held = undefined;
  expect(held).toBeUndefined();
  work.publish({});
  await vi.waitFor(() => expect(pages()).toBeLessThan(before + 10 * mebibyte), { timeout: 5_000 });
});

test('nothing is collected while work goes on, nor for a little work', async () => {
  const work = channel('test.more-work');
  const collect = vi.fn();
  using _memory = giveMemoryBack({ work: [work], quiet, collect });
  const stop = performance.now() + 8 * quiet;
  while (performance.now() < stop) {
    for (let count = 0; count < 10; count += 1) work.publish({});
    await sleep(1);
  }
  expect(collect).not.toHaveBeenCalled();
  await sleep(4 * quiet);
  expect(collect).toHaveBeenCalledTimes(1);
  work.publish({});
  await sleep(4 * quiet);
  expect(collect).toHaveBeenCalledTimes(1);
});
