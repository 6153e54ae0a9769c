import { describe, expect, test } from 'vitest';
import type { CSIStorageCapacity } from '../../model/kinds/storage.ts';
import { type DriverCapacity, planCapacity } from './plan.ts';

const Gi = 1n << 30n;
const room = (available: bigint | undefined, more: Partial<DriverCapacity> = {}): DriverCapacity => ({
  storageClass: 'fast',
  segments: { zone: 'a' },
  available,
  largest: available,
  ...more,
});
const published = (capacity: string, more: Partial<CSIStorageCapacity> = {}): CSIStorageCapacity => ({
  apiVersion: 'storage.k8s.io/v1',
  kind: 'CSIStorageCapacity',
  metadata: { name: 'csisc-1', namespace: 'moorage' },
  storageClassName: 'fast',
  nodeTopology: { matchLabels: { zone: 'a' } },
  capacity,
  maximumVolumeSize: capacity,
  ...more,
});

describe('what is published of the room that drivers have', () => {
  test('a class and place that nobody has heard of', () => {
    expect(planCapacity([room(Gi)], [], false).steps).toEqual([{ do: 'create', room: room(Gi) }]);
  });

  test('nothing, when it is what it says', () => {
    const object = published('1Gi', { nodeTopology: { matchLabels: { zone: 'a' } } });
    expect(planCapacity([room(Gi)], [object], true)).toEqual({ steps: [], isExact: true });
  });

  test('what differs much at once, what differs little after a while, that there is none at once', () => {
    const object = published('16Gi');
    const little = room(16n * Gi - 1n);
    expect(planCapacity([little], [object], false)).toEqual({ steps: [], isExact: false });
    expect(planCapacity([little], [object], true).steps).toEqual([{ do: 'update', object, room: little }]);
    expect(planCapacity([room(15n * Gi)], [object], false).steps).toEqual([
      { do: 'update', object, room: room(15n * Gi) },
    ]);
    expect(planCapacity([room(0n)], [published('1')], false).steps).toHaveLength(1);
    expect(planCapacity([room(1n)], [published('0')], false).steps).toHaveLength(1);
  });

  test('places, classes and doubles that are no more, go', () => {
    const elsewhere = published('1Gi', { nodeTopology: { matchLabels: { zone: 'b' } } });
    const otherClass = published('1Gi', { storageClassName: 'slow' });
    const double = published('1Gi');
    expect(planCapacity([room(Gi)], [published('1Gi'), double, elsewhere, otherClass], false).steps).toEqual([
      { do: 'delete', object: double },
      { do: 'delete', object: elsewhere },
      { do: 'delete', object: otherClass },
    ]);
  });

  test('what a driver can not say now stays as it was', () => {
    expect(planCapacity([room(undefined)], [published('1Gi')], true).steps).toEqual([]);
  });

  test('a driver that does not tell the largest volume', () => {
    const { maximumVolumeSize: _, ...object } = published('1Gi');
    expect(planCapacity([room(Gi, { largest: undefined })], [object], true).steps).toEqual([]);
  });
});
