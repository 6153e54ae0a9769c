import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, expect, test, vi } from 'vitest';
import { openTemporaryApi } from '../api/embedded/temporary.ts';
import { timestamp } from '../lib/clock.ts';
import { silent } from '../lib/log.ts';
import { type Event, events } from '../model/kinds/index.ts';
import { createEventExpiry } from './event-expiry.ts';

const minute = 60_000;
const event = (name: string, age: number): Event => ({
  apiVersion: 'v1',
  kind: 'Event',
  metadata: { name, namespace: 'default' },
  involvedObject: {},
  lastTimestamp: timestamp(new Date(Date.now() - age)),
});

afterEach(() => vi.useRealTimers());

test('an event from a clock that was ahead by years does not hold up those that come after it', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] });
  await using store = await openTemporaryApi();
  const { api } = store;
  const turns = async () => {
    for (let turn = 0; turn < 10; turn += 1) await nextTurn();
  };
  await api.create(events, event('ahead', -70 * 365 * 24 * 60 * minute));
  await using expiry = createEventExpiry({ api, log: silent });
  await expiry.start();
  await turns();
  await api.create(events, event('new', 0));
  for (let minutes = 0; minutes < 122; minutes += 1) {
    await vi.advanceTimersByTimeAsync(minute);
    await turns();
  }
  expect([...api.informer(events).list()].map(({ metadata }) => metadata.name)).toEqual(['ahead']);
});

test('events go an hour after they were last told, with one timer and no polling', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] });
  await using store = await openTemporaryApi();
  const { api } = store;
  const names = () => [...api.informer(events).list()].map(({ metadata }) => metadata.name);
  const turns = async () => {
    for (let turn = 0; turn < 10; turn += 1) await nextTurn();
  };
  await api.create(events, event('old', 61 * minute));
  await api.create(events, event('young', 10 * minute));
  // The store has its own, which each write may set.
  const ofStore = vi.getTimerCount();
  await using expiry = createEventExpiry({ api, log: silent });
  await expiry.start();
  await turns();
  expect(names()).toEqual(['young']);
  expect(vi.getTimerCount()).toBe(ofStore + 1);
  await api.create(events, event('new', 0));
  await turns();
  expect(vi.getTimerCount()).toBe(ofStore + 1);
  await vi.advanceTimersByTimeAsync(51 * minute);
  await turns();
  expect(names()).toEqual(['new']);
  await vi.advanceTimersByTimeAsync(10 * minute);
  await turns();
  expect(names()).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
});
