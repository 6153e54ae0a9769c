import { expect, test } from 'vitest';
import type { Lease } from '../../model/kinds/core.ts';
import { heldBy, isRenewed, recordOf, released } from './lease-record.ts';

const empty: Lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'l', namespace: 'n' } };
const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second));

test('a Lease goes from nobody to one holder, is renewed, released, and taken over', () => {
  const taken = heldBy('a', empty, 13_000, at(1));
  expect(taken.spec).toEqual({
    holderIdentity: 'a',
    leaseDurationSeconds: 13,
    acquireTime: '2026-01-01T00:00:01.000000Z',
    renewTime: '2026-01-01T00:00:01.000000Z',
    leaseTransitions: 0,
  });
  const renewed = heldBy('a', taken, 13_000, at(3));
  expect(renewed.spec).toEqual({ ...taken.spec, renewTime: '2026-01-01T00:00:03.000000Z' });
  expect(heldBy('b', renewed, 13_000, at(20)).spec).toMatchObject({
    holderIdentity: 'b',
    acquireTime: '2026-01-01T00:00:20.000000Z',
    leaseTransitions: 1,
  });
  const left = released(renewed, at(4));
  expect(recordOf(left).holder).toBe('');
  expect(heldBy('b', left, 13_000, at(5)).spec).toMatchObject({ holderIdentity: 'b', leaseTransitions: 0 });
});

test('what counts as a renewal is what the holder writes, not what others do to the object', () => {
  const held = heldBy('a', empty, 1_500, at(1));
  expect(recordOf(held)).toEqual({ holder: 'a', duration: 2_000 });
  expect(isRenewed(undefined, held)).toBe(true);
  expect(isRenewed(held, { ...held, metadata: { ...held.metadata, labels: { x: 'y' } } })).toBe(false);
  expect(isRenewed(held, heldBy('a', held, 1_500, at(2)))).toBe(true);
  expect(isRenewed(held, heldBy('b', held, 1_500, at(1)))).toBe(true);
});
