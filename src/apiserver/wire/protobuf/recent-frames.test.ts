import { expect, test } from 'vitest';
import type { KubeObject } from '../../../model/object.ts';
import { RecentFrames } from './recent-frames.ts';

const object = (name: string): KubeObject => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } });

test('a frame is made once for each event, unless it is long or long ago', () => {
  const frames = new RecentFrames();
  let made = 0;
  const make = (length: number) => () => {
    made += 1;
    return new Uint8Array(length);
  };
  const [one, large] = [object('one'), object('large')];
  const first = frames.of({ type: 'ADDED', object: one }, make(1));
  expect(frames.of({ type: 'ADDED', object: one }, make(1))).toBe(first);
  expect(made).toBe(1);
  // The same object comes into sight of one watcher, and is changed for another.
  expect(frames.of({ type: 'MODIFIED', object: one }, make(1))).not.toBe(first);
  for (let count = 0; count < 2; count += 1) frames.of({ type: 'ADDED', object: large }, make(100_000));
  expect(made).toBe(4);
  for (let count = 0; count < 300; count += 1) frames.of({ type: 'ADDED', object: object(`${count}`) }, make(1));
  frames.of({ type: 'MODIFIED', object: one }, make(1));
  expect(made).toBe(305);
});
