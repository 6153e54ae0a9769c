import { expect, test } from 'vitest';
import { volumeWith } from '../fixtures.ts';
import { isToBeDeleted } from './decide.ts';

test('a volume is deleted once it is released, if its policy says so and the driver made it', () => {
  const released = { ...volumeWith(), status: { phase: 'Released' as const } };
  expect(isToBeDeleted(released, 'csi.example.com')).toBe(true);
  expect(isToBeDeleted(released, 'other.example.com')).toBe(false);
  expect(isToBeDeleted({ ...released, status: { phase: 'Bound' } }, 'csi.example.com')).toBe(false);
  const retained = { ...released, spec: { ...released.spec, persistentVolumeReclaimPolicy: 'Retain' as const } };
  expect(isToBeDeleted(retained, 'csi.example.com')).toBe(false);
});
