import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Pauses } from './pauses.ts';

beforeEach(() => vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => vi.useRealTimers());

test('each pause is twice the one before, up to the longest, however often it is looked at in between', () => {
  const pauses = new Pauses({ longest: 5_000 });
  expect(pauses.left('a', '1Gi')).toBe(0);
  expect(pauses.begin('a', '1Gi')).toBe(1_000);
  vi.advanceTimersByTime(400);
  expect(pauses.left('a', '1Gi')).toBe(600);
  expect(pauses.left('b', '1Gi')).toBe(0);
  vi.advanceTimersByTime(600);
  expect(pauses.left('a', '1Gi')).toBe(0);
  expect([2, 3, 4].map(() => pauses.begin('a', '1Gi'))).toEqual([2_000, 4_000, 5_000]);
});

test('another wish starts anew, and the first pause may be a longer one', () => {
  const pauses = new Pauses({ longest: 600_000 });
  expect(pauses.begin('a', '1Gi', 30_000)).toBe(30_000);
  expect(pauses.begin('a', '1Gi')).toBe(60_000);
  expect(pauses.left('a', '2Gi')).toBe(0);
  expect(pauses.begin('a', '2Gi')).toBe(1_000);
});

test('a pause that is ended is the next time as long as it would have been; what is forgotten starts anew', () => {
  const pauses = new Pauses({ longest: 5_000 });
  pauses.begin('a', '1Gi');
  pauses.end('a');
  expect(pauses.left('a', '1Gi')).toBe(0);
  expect(pauses.begin('a', '1Gi')).toBe(2_000);
  pauses.forget('a');
  expect(pauses.begin('a', '1Gi')).toBe(1_000);
});
