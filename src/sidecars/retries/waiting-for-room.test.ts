import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Ask, WaitingForRoom } from './waiting-for-room.ts';

let asked: string[] = [];
let waiting: WaitingForRoom;
beforeEach(() => {
  vi.useFakeTimers();
  asked = [];
  waiting = new WaitingForRoom((key) => asked.push(key));
});
afterEach(() => {
  waiting[Symbol.dispose]();
  vi.useRealTimers();
});

const ask = (key: string, more: Partial<Ask> = {}): Ask => ({
  key,
  driver: 'disk',
  kind: 'plain',
  bytes: 10n,
  since: '2026-01-01T00:00:00Z',
  ...more,
});
const refuse = (count: number) => {
  for (let index = 0; index < count; index++) waiting.refused(ask(`claim-${index}`));
};

test('one at a time probes, ever more rarely', () => {
  refuse(100);
  waiting.refused(ask('small', { bytes: 5n }));
  for (let second = 0; second < 60; second++) {
    vi.advanceTimersByTime(1_000);
    if (!waiting.mustWait('small')) waiting.refused(ask('small', { bytes: 5n }));
  }
  expect(new Set(asked)).toEqual(new Set(['small']));
  expect(asked.length).toBeLessThanOrEqual(9);
});

test('kinds take turns at probing', () => {
  waiting.refused(ask('one', { kind: 'a' }));
  waiting.refused(ask('other', { kind: 'b' }));
  for (const expected of ['one', 'other']) {
    vi.advanceTimersByTime(5_000);
    expect(asked).toContain(expected);
    waiting.refused(ask(expected, { kind: expected === 'one' ? 'a' : 'b' }));
  }
});

test('when something is freed the oldest ask first, 32 at once, the next as these get it', () => {
  refuse(100);
  waiting.refused(ask('oldest', { since: '2025-01-01T00:00:00Z' }));
  waiting.freed('disk');
  waiting.freed('disk');
  vi.advanceTimersByTime(200);
  expect(asked).toHaveLength(32);
  expect(asked[0]).toBe('oldest');
  expect(waiting.mustWait('oldest')).toBe(false);
  waiting.settled('oldest', true);
  expect(asked).toHaveLength(33);
});

test('who asks for as much as was refused keeps waiting; who asks for less, or otherwise, does not', () => {
  refuse(50);
  waiting.refused(ask('small', { bytes: 1n, since: '2026-02-01T00:00:00Z' }));
  waiting.refused(ask('other', { kind: 'other', since: '2026-02-01T00:00:00Z' }));
  waiting.freed('disk');
  vi.advanceTimersByTime(200);
  for (const key of [...asked]) waiting.refused(ask(key));
  expect(asked.slice(32)).toEqual(['small', 'other']);
});

test('what another driver frees is no news, and who is settled is not asked', () => {
  refuse(2);
  waiting.freed('elsewhere');
  vi.advanceTimersByTime(500);
  expect(asked).toEqual([]);
  waiting.settled('claim-0');
  waiting.freed('disk');
  vi.advanceTimersByTime(200);
  expect(asked).toEqual(['claim-1']);
});

test('a probe that finds room lets the others ask', () => {
  refuse(3);
  vi.advanceTimersByTime(1_000);
  expect(asked).toHaveLength(1);
  waiting.settled('claim-0', true);
  vi.advanceTimersByTime(200);
  expect(asked).toEqual(['claim-0', 'claim-1', 'claim-2']);
});
