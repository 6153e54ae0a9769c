import { expect, test } from 'vitest';
import { withEntry } from './node-registration.ts';

const entry = { name: 'a', nodeID: 'n1', topologyKeys: ['zone'] };

test('a new driver is added beside the others', () => {
  const other = { name: 'b', nodeID: 'x', topologyKeys: [] };
  expect(withEntry([other], entry)).toEqual([other, entry]);
});

test('a driver that says something else now is replaced in its place', () => {
  expect(withEntry([{ ...entry, nodeID: 'old' }], entry)).toEqual([entry]);
  expect(withEntry([{ ...entry, topologyKeys: [] }], entry)).toEqual([entry]);
  expect(withEntry([entry], { ...entry, allocatable: { count: 8 } })).toEqual([
    { ...entry, allocatable: { count: 8 } },
  ]);
});

test('nothing is written when nothing is new', () => {
  expect(withEntry([{ ...entry }], entry)).toBeUndefined();
});
