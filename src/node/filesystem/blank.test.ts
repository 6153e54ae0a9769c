import fc from 'fast-check';
import { expect, test } from 'vitest';
import { heldOf, planReading } from './blank.ts';

const gibibyte = 2 ** 30;

test('what is small, or held by a sparse file, is read wholly', () => {
  const whole = [{ start: 0, end: 8 * gibibyte }];
  expect(planReading(8 * gibibyte, whole)).toEqual(whole);
  const held = [{ start: 5 * gibibyte, end: 6 * gibibyte }];
  expect(planReading(4096 * gibibyte, held)).toEqual(held);
});

test('of what is large, both ends and places evenly spread are read, and never more than a bounded part', () => {
  fc.assert(
    fc.property(fc.integer({ min: 9, max: 2 ** 20 }), (gibibytes) => {
      const size = gibibytes * gibibyte;
      const ranges = planReading(size, [{ start: 0, end: size }]);
      const total = ranges.reduce((sum, { start, end }) => sum + end - start, 0);
      expect(total).toBeLessThan(2 * gibibyte);
      expect(ranges.some(({ start }) => start === 0) && ranges.some(({ end }) => end === size)).toBe(true);
      const places = ranges.toSorted((one, other) => one.start - other.start);
      const gaps = places.slice(1).map(({ start }, index) => start - (places[index]?.end ?? 0));
      expect(Math.max(...gaps)).toBeLessThanOrEqual(size / 4096);
      expect(places.every(({ start, end }) => end > start)).toBe(true);
    }),
    { numRuns: 30 },
  );
});

test.each([
  ['nothing', 'HOLE\t0', []],
  ['all', 'DATA\t0\nHOLE\t1000', [{ start: 0, end: 1000 }]],
  [
    'a part, and one up to the end',
    'HOLE\t0\nDATA\t100\nHOLE\t200\nDATA\t900\nHOLE\tEOF',
    [
      { start: 100, end: 200 },
      { start: 900, end: 1000 },
    ],
  ],
  ['an end that is missing', 'DATA\t900', [{ start: 900, end: 1000 }]],
  ['more than the device', 'DATA\t900\nHOLE\t1100\nDATA\t1200\nHOLE\t1300', [{ start: 900, end: 1000 }]],
  ['words that are not known', 'SOMETHING\t0', [{ start: 0, end: 1000 }]],
  ['no words', '', [{ start: 0, end: 1000 }]],
])('a file that holds %s', (_, text, ranges) => {
  expect(heldOf(`Whence\tResult\n${text}\n`, 1000)).toEqual(ranges);
});
