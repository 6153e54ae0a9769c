import { expect, test } from 'vitest';
import { driverWith } from '../fixtures.ts';
import type { Driver, DriverRegistry } from './driver.ts';
import { listenToExtras } from './listen-to-extras.ts';

test('a driver that comes back is listened to once, and no longer than asked', () => {
  const joining: ((driver: Driver) => void)[] = [];
  const drivers: Pick<DriverRegistry, 'onChange'> = {
    onChange: (listener) => {
      joining.push(listener);
      return { [Symbol.dispose]: () => {} };
    },
  };
  const told: string[] = [];
  const news = new Set<() => void>();
  const onRoom = (listener: () => void) => {
    news.add(listener);
    return { [Symbol.dispose]: () => news.delete(listener) };
  };
  const listening = listenToExtras(drivers, (extras, driver) => extras.onRoom?.(() => told.push(driver)));
  const silentDriver = { ...driverWith(), name: 'silent.example.com' };
  for (const join of joining) {
    for (const driver of [{ ...driverWith(), extras: { onRoom } }, silentDriver]) join(driver);
    join({ ...driverWith(), extras: { onRoom } });
  }
  for (const tell of news) tell();
  expect(told).toEqual(['csi.example.com']);
  listening[Symbol.dispose]();
  expect(news.size).toBe(0);
});
