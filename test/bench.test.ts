import { expect, test } from 'vitest';
import { type Measured, performancePage } from '../bench/page.ts';
import { medianInterval, percentile } from '../bench/statistics.ts';
import { exec } from '../src/lib/exec.ts';

const base: Measured = { machine: '2 cores', date: '2026-01-01', backend: 'image' };

test('a result stands beside its target, and says whether it reached it', () => {
  const burst = (count: number, rate: number) => ({ count, rate, createSeconds: 1, seconds: 1, p50: 10, p99: 20 });
  const page = performancePage({ ...base, bursts: [burst(1_000, 400), burst(10_000, 300)] });
  expect(page).toContain(
    '| 1,000 claims in one burst, to Bound | 300 a second | 400 a second; one claim p50 10 ms, p99 20 ms | met |',
  );
  expect(page).toMatch(/10,000 claims .* 75 % \| \*\*not met\*\* \|/);
});

test('what was not measured is not on the page', () => {
  expect(performancePage(base)).not.toMatch(/idle after|fio random|\| Mount/);
});

test('a percentile is one of the values', () => {
  const values = Array.from({ length: 100 }, (_, index) => index + 1);
  expect([percentile(values, 50), percentile(values, 99), percentile(values, 100)]).toEqual([50, 99, 100]);
});

test('the interval of a median is wide for few values and narrow for many', () => {
  expect(medianInterval([3])).toEqual([3, 3]);
  expect(medianInterval([1, 2, 3, 4, 5, 6])).toEqual([1, 6]);
  expect(medianInterval([12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1])).toEqual([3, 10]);
  expect(medianInterval(Array.from({ length: 100 }, (_, index) => index + 1))).toEqual([40, 61]);
});

test('a ratio below its target is told apart from one that the noise alone explains', () => {
  const page = (ratios: readonly number[]) => {
    const sides = { bare: 1e6, volume: 1e6, control: [0.9, 1, 1.1] };
    return performancePage({
      ...base,
      comparisons: [{ backend: 'directory', pattern: 'random read', ...sides, ratios }],
    });
  };
  expect(page([0.97, 0.96, 0.98])).toMatch(/fio random read.*97 % \| met/);
  expect(page([0.9, 0.94, 0.99])).toMatch(/fio random read.*94 % \| within the noise/);
  expect(page([0.9, 0.91, 0.92])).toMatch(/fio random read.*91 % \| \*\*not met/);
});

test('npm run bench -- --quick measures a little of everything, and leaves nothing behind', async () => {
  const { stdout } = await exec([process.execPath, 'bench/main.ts', '--quick'], { timeout: 115_000 });
  for (const row of [
    '`moorage up` to ready',
    '40 claims in one burst',
    'Mount to Mounted',
    'clone of the volume',
    'idle: processor',
  ]) {
    expect(stdout).toContain(row);
  }
});
