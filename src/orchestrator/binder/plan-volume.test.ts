import { describe, expect, test } from 'vitest';
import {
  boundByControllerAnnotation,
  provisionedByAnnotation,
  volumeProtectionFinalizer,
} from '../../model/claims/well-known.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '../../model/kinds/index.ts';
import { planVolume } from './plan-volume.ts';

function volume(
  spec: Partial<PersistentVolume['spec']>,
  status: PersistentVolume['status'] = {},
  marks: Record<string, string> = {},
): PersistentVolume {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: 'one', finalizers: [volumeProtectionFinalizer], annotations: marks },
    spec: { capacity: { storage: '1Gi' }, persistentVolumeReclaimPolicy: 'Retain', ...spec },
    status,
  };
}

function claim(spec: Partial<PersistentVolumeClaim['spec']> = {}, uid = 'u'): PersistentVolumeClaim {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'data', namespace: 'default', uid },
    spec: { accessModes: ['ReadWriteOnce'], ...spec },
  };
}

const claimRef = { namespace: 'default', name: 'data', uid: 'u' };
const provisioned = { [provisionedByAnnotation]: 'csi.moorage.dev' };

describe('the phase of a volume', () => {
  test.each([
    ['without a claim', volume({}), undefined, 'Available'],
    ['reserved by name', volume({ claimRef: { namespace: 'default', name: 'data' } }), claim(), 'Available'],
    ['bound', volume({ claimRef }), claim({ volumeName: 'one' }), 'Bound'],
    ['of a deleted claim', volume({ claimRef }, { phase: 'Bound' }), undefined, 'Released'],
    ['of a claim that was made anew', volume({ claimRef }, { phase: 'Bound' }), claim({}, 'new'), 'Released'],
    [
      'Delete and provisioned',
      volume({ claimRef, persistentVolumeReclaimPolicy: 'Delete' }, { phase: 'Bound' }, provisioned),
      undefined,
      'Released',
    ],
    [
      'Delete, made by a person',
      volume({ claimRef, persistentVolumeReclaimPolicy: 'Delete' }, { phase: 'Bound' }),
      undefined,
      'Failed',
    ],
    [
      'Recycle',
      volume({ claimRef, persistentVolumeReclaimPolicy: 'Recycle' }, { phase: 'Bound' }),
      undefined,
      'Failed',
    ],
  ])('%s', (_, given, found, phase) => {
    const plan = planVolume({ volume: given, claim: found });
    expect(plan.phase).toBe(phase);
    expect(plan.steps).toContainEqual(
      expect.objectContaining({ do: 'set-volume-status', status: expect.objectContaining({ phase }) }),
    );
    const settled = { ...given, status: { ...plan.steps.find((step) => step.do === 'set-volume-status')?.status } };
    expect(planVolume({ volume: settled, claim: found }).steps, 'it says so once').toEqual([]);
  });

  test('waits while the claim is about to be bound to it', () => {
    expect(planVolume({ volume: volume({ claimRef }), claim: claim() }).steps).toEqual([]);
  });

  test('a recycled volume says why it failed', () => {
    const { message } = planVolume({
      volume: volume({ claimRef, persistentVolumeReclaimPolicy: 'Recycle' }),
      claim: undefined,
    });
    expect(message).toContain('Recycle is not offered');
  });
});

describe('a volume whose claim is bound elsewhere', () => {
  const elsewhere = claim({ volumeName: 'two' });
  test('is freed if the binder had reserved it', () => {
    const { steps } = planVolume({
      volume: volume({ claimRef }, {}, { [boundByControllerAnnotation]: 'yes' }),
      claim: elsewhere,
    });
    expect(steps).toMatchObject([
      { do: 'change-volume', claimRef: null, annotations: { [boundByControllerAnnotation]: null } },
      { do: 'set-volume-status', status: { phase: 'Available' } },
    ]);
  });
  test('stays reserved by name if a person had reserved it', () => {
    const { steps } = planVolume({ volume: volume({ claimRef }), claim: elsewhere });
    expect(steps[0]).toMatchObject({ do: 'change-volume', claimRef: { namespace: 'default', name: 'data' } });
    expect(steps[0]).not.toHaveProperty('claimRef.uid');
  });
  test('is released if it was made for that claim and is to be deleted', () => {
    const made = volume({ claimRef, persistentVolumeReclaimPolicy: 'Delete' }, {}, provisioned);
    expect(planVolume({ volume: made, claim: elsewhere }).phase).toBe('Released');
  });
});

test('a volume of the wrong mode is reported on both sides', () => {
  const { steps } = planVolume({ volume: volume({ claimRef, volumeMode: 'Block' }), claim: claim() });
  expect(steps).toMatchObject([
    { do: 'tell', reason: 'VolumeMismatch' },
    { do: 'tell', reason: 'VolumeMismatch' },
  ]);
});

test('the finalizer that protects a volume is added, but not to one that is going', () => {
  const bare = volume({});
  bare.metadata.finalizers = [];
  expect(planVolume({ volume: bare, claim: undefined }).steps[0]).toMatchObject({
    addFinalizers: [volumeProtectionFinalizer],
  });
  bare.metadata.deletionTimestamp = '2026-01-01T00:00:00Z';
  expect(planVolume({ volume: bare, claim: undefined }).steps.map((step) => step.do)).toEqual(['set-volume-status']);
});
