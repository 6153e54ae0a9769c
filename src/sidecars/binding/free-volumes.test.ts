import { expect, test } from 'vitest';
import { claimWith, volumeWith } from '../fixtures.ts';
import { couldServe } from './free-volumes.ts';

const claim = claimWith();

test('a free volume could serve a claim if it has all that is asked for', () => {
  expect(couldServe(volumeWith(), claim)).toBe(true);
  expect(couldServe(volumeWith({ capacity: { storage: '5Gi' } }), claim)).toBe(true);
  expect(couldServe(volumeWith({ accessModes: ['ReadWriteOnce', 'ReadOnlyMany'] }), claim)).toBe(true);
});

test.each([
  ['too small', volumeWith({ capacity: { storage: '500Mi' } })],
  ['a raw device', volumeWith({ volumeMode: 'Block' })],
  ['with other access modes', volumeWith({ accessModes: ['ReadOnlyMany'] })],
  ['of another attributes class', volumeWith({ volumeAttributesClassName: 'gold' })],
  ['going', volumeWith({}, { deletionTimestamp: '2026-01-01T00:00:00Z' })],
])('not one that is %s', (_, volume) => {
  expect(couldServe(volume, claim)).toBe(false);
});
