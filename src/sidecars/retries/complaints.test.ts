import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Complaints } from './complaints.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('the same reason is told once in five minutes, another one at once', () => {
  const heard: string[] = [];
  const complaints = new Complaints({ normal: () => {}, warning: (_, __, message) => heard.push(message) });
  const claim = { apiVersion: 'v1', kind: 'Claim', metadata: { name: 'data', uid: '1' } };
  expect(complaints.warn(claim, 'Failed', 'can promise 12Mi more')).toBe(true);
  expect(complaints.warn(claim, 'Failed', 'can promise 8.5Gi more')).toBe(false);
  expect(complaints.warn(claim, 'Failed', 'can promise none more')).toBe(false);
  expect(complaints.warn(claim, 'Failed', 'the pool is not ready')).toBe(true);
  vi.advanceTimersByTime(299_000);
  expect(complaints.warn(claim, 'Failed', 'the pool is not ready')).toBe(false);
  vi.advanceTimersByTime(1_000);
  expect(complaints.warn(claim, 'Failed', 'the pool is not ready')).toBe(true);
  complaints.forget('data');
  expect(complaints.warn(claim, 'Failed', 'the pool is not ready')).toBe(true);
  expect(heard).toHaveLength(4);
});
