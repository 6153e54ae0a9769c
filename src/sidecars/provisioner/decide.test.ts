import { describe, expect, test } from 'vitest';
import { claimWith, classWith, driverWith, volumeWith } from '../fixtures/objects.ts';
import { provisioningFinalizer, selectedNodeAnnotation } from '../shared/names.ts';
import { decideClaim, isToBeDeleted } from './decide.ts';

const driver = driverWith();
const storageClass = classWith();
const world = { claim: claimWith(), volume: undefined, storageClass, driver };
const finalizers = [provisioningFinalizer];
const deletionTimestamp = '2026-01-01T00:00:00Z';

describe('what the provisioner does for a claim', () => {
  test('a claim that is marked for the driver gets a volume', () => {
    expect(decideClaim(world)).toEqual({ do: 'provision', driver, storageClass });
  });

  test('a claim that is marked for nobody, or for a driver that is not here, is left alone', () => {
    const unmarked = { ...claimWith(), metadata: { name: 'data' } };
    expect(decideClaim({ ...world, claim: unmarked })).toEqual({ do: 'nothing' });
    expect(decideClaim({ ...world, driver: undefined })).toEqual({ do: 'nothing' });
  });

  test('a class that waits for a consumer needs its node', () => {
    const waiting = classWith({ volumeBindingMode: 'WaitForFirstConsumer' });
    expect(decideClaim({ ...world, storageClass: waiting })).toEqual({ do: 'nothing' });
    const chosen = claimWith({}, { annotations: { [selectedNodeAnnotation]: 'n1' } });
    expect(decideClaim({ ...world, storageClass: waiting, claim: chosen }).do).toBe('provision');
  });

  test('a source that nobody here knows is a populator’s', () => {
    const claim = claimWith({ dataSourceRef: { apiGroup: 'example.com', kind: 'Archive', name: 'a' } });
    expect(decideClaim({ ...world, claim })).toEqual({ do: 'leave to populator' });
  });

  test('a class of another driver is refused', () => {
    const other = classWith({ provisioner: 'other.example.com' });
    expect(decideClaim({ ...world, storageClass: other }).do).toBe('refuse');
    expect(decideClaim({ ...world, storageClass: undefined }).do).toBe('refuse');
  });

  test('a recorded volume is waited for by the binder, and releases a claim that is going or bound', () => {
    const volume = volumeWith();
    expect(decideClaim({ ...world, volume, claim: claimWith({}, { finalizers }) }).do).toBe('nothing');
    expect(decideClaim({ ...world, volume, claim: claimWith({}, { finalizers, deletionTimestamp }) }).do).toBe(
      'release',
    );
    expect(decideClaim({ ...world, volume, claim: claimWith({ volumeName: 'pvc-u1' }, { finalizers }) }).do).toBe(
      'release',
    );
  });

  test('a claim that goes, or took another volume, while one may have been made, is cleaned up after', () => {
    const going = claimWith({}, { finalizers, deletionTimestamp });
    expect(decideClaim({ ...world, claim: going })).toEqual({ do: 'abandon', driver });
    expect(decideClaim({ ...world, claim: claimWith({ volumeName: 'other' }, { finalizers }) }).do).toBe('abandon');
    expect(decideClaim({ ...world, claim: going, driver: undefined }).do).toBe('wait for driver');
    expect(decideClaim({ ...world, claim: claimWith({}, { deletionTimestamp }) }).do).toBe('nothing');
  });
});

test('a volume is deleted once it is released, if its policy says so and the driver made it', () => {
  const released = { ...volumeWith(), status: { phase: 'Released' as const } };
  expect(isToBeDeleted(released, 'csi.example.com')).toBe(true);
  expect(isToBeDeleted(released, 'other.example.com')).toBe(false);
  expect(isToBeDeleted({ ...released, status: { phase: 'Bound' } }, 'csi.example.com')).toBe(false);
  const retained = { ...released, spec: { ...released.spec, persistentVolumeReclaimPolicy: 'Retain' as const } };
  expect(isToBeDeleted(retained, 'csi.example.com')).toBe(false);
});
