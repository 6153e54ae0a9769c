import { expect, test } from 'vitest';
import type { PersistentVolume, PersistentVolumeClaim, VolumeSnapshotContent } from '../../model/kinds/index.ts';
import { hasLostClaim, needsData, needsSnapshot, referenceOf, referenceText, snapshotOf, volumeOf } from './rules.ts';

const claimRef = { namespace: 'shop', name: 'data', uid: 'u' };

function pv(phase: string | undefined, policy: 'Delete' | 'Retain', claim: object = claimRef): PersistentVolume {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: 'pv' },
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      persistentVolumeReclaimPolicy: policy,
      csi: { driver: 'csi.moorage.dev', volumeHandle: 'v' },
      claimRef: claim,
    },
    status: { phase },
  } as PersistentVolume;
}

test.each([
  ['bound', 'Bound', 'Delete', false, true],
  ['bound, before a binder has said that the claim is gone', 'Bound', 'Delete', true, false],
  ['made this moment', undefined, 'Delete', false, true],
  ['made this moment for a claim that has gone', undefined, 'Delete', true, false],
  ['released, to be deleted', 'Released', 'Delete', true, false],
  ['released, to be kept', 'Released', 'Retain', true, true],
  ['kept though its claim is gone', 'Bound', 'Retain', true, true],
  ['available', 'Available', 'Delete', false, true],
  ['one that nobody will delete any more', 'Failed', 'Delete', true, true],
] as const)('a PersistentVolume and its data: %s', (_, phase, policy, claimIsGone, needs) => {
  expect(needsData(pv(phase, policy), claimIsGone)).toBe(needs);
});

test('a claim is lost when one of its name is another one, and not when it is still to come', () => {
  const claim = (uid: string) => ({ metadata: { name: 'data', uid } }) as PersistentVolumeClaim;
  expect(hasLostClaim(pv('Bound', 'Delete'), claim('u'))).toBe(false);
  expect(hasLostClaim(pv('Bound', 'Delete'), claim('other'))).toBe(true);
  expect(hasLostClaim(pv('Bound', 'Delete'), undefined)).toBe(true);
  expect(hasLostClaim(pv('Available', 'Delete', { namespace: 'shop', name: 'data' }), undefined)).toBe(false);
  expect(hasLostClaim(pv('Available', 'Delete', {}), undefined)).toBe(false);
});

test('a content needs its snapshot until it is deleted together with it', () => {
  const content = (deletionPolicy: 'Delete' | 'Retain', deletionTimestamp?: string): VolumeSnapshotContent =>
    ({
      metadata: { name: 'c', deletionTimestamp },
      spec: { driver: 'csi.moorage.dev', deletionPolicy, source: { snapshotHandle: 's' }, volumeSnapshotRef: {} },
    }) as VolumeSnapshotContent;
  expect(needsSnapshot(content('Delete'))).toBe(true);
  expect(needsSnapshot(content('Retain', 'now'))).toBe(true);
  expect(needsSnapshot(content('Delete', 'now'))).toBe(false);
  expect(snapshotOf(content('Delete'))).toBe('s');
});

test('only what is ours is named by a handle, and it is said for whom', () => {
  const volume = pv('Bound', 'Delete');
  expect(volumeOf(volume)).toBe('v');
  const theirs = { ...volume, spec: { ...volume.spec, csi: { driver: 'other', volumeHandle: 'v' } } };
  expect(volumeOf(theirs)).toBeUndefined();
  expect(referenceText(referenceOf(volume))).toBe('PersistentVolume pv of claim shop/data');
  expect(referenceText(referenceOf(pv('Available', 'Delete')))).toBe('PersistentVolume pv');
});
