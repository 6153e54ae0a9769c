import { expect, test } from 'vitest';
import { ageOf } from './age.ts';

const second = 1;
const minute = 60;
const hour = 3_600;
const day = 86_400;

test.each([
  [-1, '0s'],
  [-10, '<invalid>'],
  [0, '0s'],
  [119 * second, '119s'],
  [2 * minute, '2m'],
  [9 * minute + 59, '9m59s'],
  [10 * minute + 30, '10m'],
  [179 * minute, '179m'],
  [3 * hour, '3h'],
  [7 * hour + 5 * minute, '7h5m'],
  [47 * hour, '47h'],
  [2 * day, '2d'],
  [7 * day + 3 * hour, '7d3h'],
  [100 * day, '100d'],
  [3 * 365 * day + 5 * day, '3y5d'],
  [9 * 365 * day, '9y'],
])('%i seconds are %s', (seconds, expected) => {
  const now = Date.parse('2030-01-01T00:00:00Z');
  expect(ageOf(new Date(now - seconds * 1000).toISOString(), now)).toBe(expected);
});

test('what is no time has no age', () => {
  expect(ageOf('soon')).toBe('<unknown>');
});
