import { describe, expect, test } from 'vitest';
import {
  bindCompletedAnnotation,
  provisioningFinalizer,
  selectedNodeAnnotation,
} from '../../model/claims/well-known.ts';
import { claimWith, classWith, driverWith, volumeWith } from '../fixtures.ts';
import { decideClaim } from './decide.ts';

const driver = driverWith();
const storageClass = classWith();
const world = { claim: claimWith(), volume: undefined, storageClass, driver, bindsDirectly: false };
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

describe('what it does where it binds claims to their new volumes itself', () => {
  const direct = { ...world, bindsDirectly: true };
  const unmarked = claimWith({}, { uid: 'u1' });
  delete unmarked.metadata.annotations;
  const volume = { ...volumeWith(), status: { phase: 'Pending' as const } };
  const bound = { ...volume, status: { phase: 'Bound' as const } };
  const done = {
    ...claimWith({ volumeName: 'pvc-u1' }, { annotations: { [bindCompletedAnnotation]: 'yes' } }),
    status: { phase: 'Bound' as const },
  };

  test('a claim of the driver’s class gets a volume without the binder’s word', () => {
    expect(decideClaim({ ...direct, claim: unmarked }).do).toBe('provision');
    expect(decideClaim({ ...world, claim: unmarked }).do).toBe('nothing');
  });

  test('not one that names a volume, or labels of volumes: that is the binder’s', () => {
    const named = { ...unmarked, spec: { ...unmarked.spec, volumeName: 'mine' } };
    const selecting = { ...unmarked, spec: { ...unmarked.spec, selector: { matchLabels: { a: 'b' } } } };
    expect(decideClaim({ ...direct, claim: named }).do).toBe('nothing');
    expect(decideClaim({ ...direct, claim: selecting }).do).toBe('nothing');
  });

  test('whatever is left to write on either side is written, and then nothing', () => {
    expect(decideClaim({ ...direct, volume })).toEqual({ do: 'bind', volume });
    expect(decideClaim({ ...direct, volume, claim: done })).toEqual({ do: 'bind', volume });
    expect(decideClaim({ ...direct, volume: bound, claim: { ...done, status: { phase: 'Pending' } } }).do).toBe('bind');
    expect(decideClaim({ ...direct, volume: bound, claim: { ...done, status: { phase: 'Lost' } } }).do).toBe('bind');
    expect(decideClaim({ ...direct, volume: bound, claim: done }).do).toBe('nothing');
  });

  test('the volume goes when the claim was bound to another one, once', () => {
    const elsewhere = claimWith({ volumeName: 'other' }, { finalizers });
    const released = { ...volume, status: { phase: 'Released' as const } };
    expect(decideClaim({ ...direct, volume, claim: elsewhere })).toEqual({ do: 'withdraw', volume });
    expect(decideClaim({ ...direct, volume: released, claim: elsewhere }).do).toBe('release');
    expect(decideClaim({ ...world, volume, claim: elsewhere }).do).toBe('release');
  });

  test('a volume that is another claim’s by now is left alone', () => {
    const taken = volumeWith({ claimRef: { namespace: 'shop', name: 'other', uid: 'u2' } });
    expect(decideClaim({ ...direct, volume: taken, claim: claimWith({ volumeName: 'other' }) }).do).toBe('nothing');
  });
});
