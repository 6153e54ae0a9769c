import { describe, expect, test } from 'vitest';
import {
  contentBoundFinalizer,
  snapshotBeingCreatedAnnotation,
  snapshotBeingDeletedAnnotation,
} from '../../model/claims/well-known.ts';
import type { VolumeSnapshotClass, VolumeSnapshotContent } from '../../model/kinds/storage.ts';
import { defaultSnapshotClass, snapshotParameters } from './classes.ts';
import { decideContent } from './decide.ts';

const content: VolumeSnapshotContent = {
  apiVersion: 'snapshot.storage.k8s.io/v1',
  kind: 'VolumeSnapshotContent',
  metadata: { name: 'c', finalizers: [contentBoundFinalizer] },
  spec: {
    volumeSnapshotRef: { name: 's', namespace: 'shop', uid: 'u' },
    deletionPolicy: 'Delete',
    driver: 'csi.example.com',
    source: { volumeHandle: 'v' },
  },
};
const taken = { ...content, status: { snapshotHandle: 'h', readyToUse: true } };
const going = (of: VolumeSnapshotContent, annotations: Record<string, string> = {}): VolumeSnapshotContent => ({
  ...of,
  metadata: {
    ...of.metadata,
    deletionTimestamp: '2026-01-01T00:00:00Z',
    annotations: { [snapshotBeingDeletedAnnotation]: 'yes', ...annotations },
  },
});

describe('what becomes of a content', () => {
  test('it is taken, and polled until it is ready', () => {
    expect(decideContent(content)).toBe('create');
    expect(decideContent({ ...taken, status: { ...taken.status, readyToUse: false } })).toBe('create');
    expect(decideContent(taken)).toBe('nothing');
  });

  test('one that was there before is looked at', () => {
    expect(decideContent({ ...content, spec: { ...content.spec, source: { snapshotHandle: 'h' } } })).toBe('look');
  });

  test('it is deleted only when its VolumeSnapshot goes', () => {
    const alone = going(taken, { [snapshotBeingDeletedAnnotation]: 'no' });
    expect(decideContent(alone)).toBe('nothing');
    expect(decideContent(going(taken))).toBe('delete');
  });

  test('a retained one leaves its snapshot where it is', () => {
    expect(decideContent(going({ ...taken, spec: { ...taken.spec, deletionPolicy: 'Retain' } }))).toBe('let go');
  });

  test('one whose answer never came is asked for again, to be deleted', () => {
    expect(decideContent(going(content, { [snapshotBeingCreatedAnnotation]: 'yes' }))).toBe('create and delete');
    expect(decideContent(going(content))).toBe('let go');
  });
});

describe('snapshot classes', () => {
  const named = (name: string, driver: string, isDefault = true): VolumeSnapshotClass => ({
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshotClass',
    metadata: {
      name,
      ...(isDefault && { annotations: { 'snapshot.storage.kubernetes.io/is-default-class': 'true' } }),
    },
    driver,
    deletionPolicy: 'Delete',
  });

  test('each driver has its own default', () => {
    const classes = [named('a', 'one'), named('b', 'two'), named('c', 'two', false)];
    expect(defaultSnapshotClass(classes, 'two').metadata.name).toBe('b');
    expect(() => defaultSnapshotClass(classes, 'three')).toThrow('cannot find default snapshot class');
    expect(() => defaultSnapshotClass([...classes, named('d', 'two')], 'two')).toThrow('b, d');
  });

  test('keys of ours that nobody knows are refused', () => {
    expect(snapshotParameters({ mode: 'x', 'csi.storage.k8s.io/snapshotter-secret-name': 's' })).toEqual({ mode: 'x' });
    expect(() => snapshotParameters({ 'csi.storage.k8s.io/other': 's' })).toThrow('is not known');
  });
});
