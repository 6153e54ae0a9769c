import { describe, expect, test } from 'vitest';
import { allowVolumeModeChangeAnnotation } from '../../model/claims/well-known.ts';
import type { VolumeSnapshot, VolumeSnapshotContent } from '../../model/kinds/storage.ts';
import { claimWith, volumeWith } from '../fixtures.ts';
import { cloneSource, snapshotSource } from './content-source.ts';

const wish = { claim: claimWith(), driver: 'csi.example.com', size: 1n << 30n };

describe('restoring a snapshot', () => {
  const snapshot: VolumeSnapshot = {
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshot',
    metadata: { name: 'monday', uid: 's1' },
    spec: { source: { persistentVolumeClaimName: 'data' } },
    status: { boundVolumeSnapshotContentName: 'c', readyToUse: true, restoreSize: '1Gi' },
  };
  const content: VolumeSnapshotContent = {
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshotContent',
    metadata: { name: 'c' },
    spec: {
      volumeSnapshotRef: { name: 'monday', uid: 's1' },
      deletionPolicy: 'Delete',
      driver: 'csi.example.com',
      source: { volumeHandle: 'v' },
      sourceVolumeMode: 'Filesystem',
    },
    status: { snapshotHandle: 'snap-1', readyToUse: true },
  };

  test('a ready one that is no larger is the source', () => {
    expect(snapshotSource(wish, 'monday', snapshot, content)).toEqual({ kind: 'snapshot', snapshotId: 'snap-1' });
  });

  test('one that is missing, unbound or not ready is waited for', () => {
    expect(() => snapshotSource(wish, 'monday', undefined, undefined)).toThrow('monday not found');
    expect(() => snapshotSource(wish, 'monday', snapshot, undefined)).toThrow('not bound');
    const unready = { ...snapshot, status: { readyToUse: false } };
    expect(() => snapshotSource(wish, 'monday', unready, content)).toThrow('is not Ready');
  });

  test('one that is larger than the claim, or of another driver, is refused', () => {
    expect(() => snapshotSource({ ...wish, size: 1n }, 'monday', snapshot, content)).toThrow('less than the size');
    expect(() => snapshotSource({ ...wish, driver: 'other' }, 'monday', snapshot, content)).toThrow(
      'was taken by driver',
    );
  });

  test('another volume mode needs to be allowed by name', () => {
    const block = { ...wish, claim: claimWith({ volumeMode: 'Block' }) };
    expect(() => snapshotSource(block, 'monday', snapshot, content)).toThrow('annotate its content');
    const allowed = { name: 'c', annotations: { [allowVolumeModeChangeAnnotation]: 'true' } };
    expect(snapshotSource(block, 'monday', snapshot, { ...content, metadata: allowed }).kind).toBe('snapshot');
  });
});

describe('cloning a claim', () => {
  const source = {
    ...claimWith({ volumeName: 'pvc-u1' }),
    status: { phase: 'Bound' as const, capacity: { storage: '1Gi' } },
  };

  test('a bound one of the same driver is the source', () => {
    expect(cloneSource(wish, 'data', source, volumeWith())).toEqual({ kind: 'volume', volumeId: 'handle-1' });
  });

  test('one that is not bound yet is waited for', () => {
    expect(() => cloneSource(wish, 'data', claimWith(), undefined)).toThrow('is not Bound yet');
  });

  test('one that is larger, or of another driver or mode, is refused', () => {
    expect(() => cloneSource({ ...wish, size: 1n }, 'data', source, volumeWith())).toThrow('less than the size');
    const foreign = volumeWith({ csi: { driver: 'other', volumeHandle: 'x' } });
    expect(() => cloneSource(wish, 'data', source, foreign)).toThrow('is not a volume of driver');
    const block = { ...wish, claim: claimWith({ volumeMode: 'Block' }) };
    expect(() => cloneSource(block, 'data', source, volumeWith())).toThrow('the claim wants Block');
  });
});
