import { describe, expect, test } from 'vitest';
import { claimWith, classWith, driverWith, volumeWith } from '../fixtures.ts';
import { progressed, withProgress } from './claim-status.ts';
import { decideGrowth } from './decide.ts';

const status = { phase: 'Bound' as const, capacity: { storage: '1Gi' } };
const grown = {
  ...claimWith({ volumeName: 'pvc-u1', resources: { requests: { storage: '2Gi' } } }),
  status,
};
const world = { claim: grown, volume: volumeWith(), storageClass: classWith(), driver: driverWith(), inUse: false };
const size = 2n << 30n;

describe('how a claim grows', () => {
  test('with the controller of its driver', () => {
    expect(decideGrowth(world)).toEqual({ do: 'expand', size });
  });

  test('on the node, with a driver that can only do that', () => {
    expect(decideGrowth({ ...world, driver: driverWith({ controllerExpand: false }) })).toEqual({
      do: 'leave to node',
      size,
    });
  });

  test('not with a driver that can do neither, nor against its class', () => {
    const driver = driverWith({ controllerExpand: false, nodeExpand: false });
    expect(decideGrowth({ ...world, driver }).do).toBe('refuse');
    expect(decideGrowth({ ...world, storageClass: classWith({ allowVolumeExpansion: false }) }).do).toBe('refuse');
  });

  test('not to more than a driver can be asked for, which is said in words', () => {
    const claim = { ...grown, spec: { ...grown.spec, resources: { requests: { storage: '1e20' } } } };
    for (const driver of [driverWith(), driverWith({ controllerExpand: false })]) {
      const message = expect.stringMatching(/OUT_OF_RANGE desc = 1e20 is more than/);
      expect(decideGrowth({ ...world, driver, claim })).toEqual({ do: 'refuse', message });
    }
  });

  test('only while nobody uses it, with a driver that wants that', () => {
    const driver = driverWith({ expansion: 'offline' });
    expect(decideGrowth({ ...world, driver, inUse: true }).do).toBe('wait');
    expect(decideGrowth({ ...world, driver }).do).toBe('expand');
  });

  test('not before it is bound, and not to a size that it has', () => {
    expect(decideGrowth({ ...world, claim: { ...grown, status: { phase: 'Pending' } } }).do).toBe('nothing');
    expect(
      decideGrowth({ ...world, claim: { ...grown, status: { ...status, capacity: { storage: '2Gi' } } } }).do,
    ).toBe('nothing');
  });

  test('when the volume has grown already, the node is waited for, or a pass that was cut off is taken up', () => {
    const volume = volumeWith({ capacity: { storage: '2Gi' } });
    const pending = { ...grown, status: { ...status, allocatedResourceStatuses: { storage: 'NodeResizePending' } } };
    expect(decideGrowth({ ...world, volume, claim: pending }).do).toBe('nothing');
    expect(decideGrowth({ ...world, volume }).do).toBe('expand');
  });
});

describe('how a claim grows that is growing already', () => {
  const growing = (storage: string, allocated: string, more: object = {}) => ({
    ...world,
    volume: volumeWith({ capacity: { storage: '2Gi' } }),
    claim: {
      ...grown,
      status: {
        ...status,
        allocatedResources: { storage: allocated },
        allocatedResourceStatuses: { storage },
        ...more,
      },
    },
  });

  test('a node that is at it is left to end', () => {
    expect(decideGrowth(growing('NodeResizeInProgress', '2Gi')).do).toBe('nothing');
  });

  test('a node that could not is given another try by the controller', () => {
    expect(decideGrowth(growing('NodeResizeInfeasible', '2Gi'))).toEqual({ do: 'expand', size });
  });

  test('a claim that asks for less while the answer is out still hears it; not if it was a refusal', () => {
    const large = 3n << 30n;
    const volume = volumeWith();
    expect(decideGrowth({ ...growing('ControllerResizeInProgress', '3Gi'), volume })).toEqual({
      do: 'expand',
      size: large,
    });
    const conditions = [{ type: 'ControllerResizeError', status: 'True' }];
    expect(decideGrowth({ ...growing('ControllerResizeInProgress', '3Gi', { conditions }), volume })).toEqual({
      do: 'expand',
      size,
    });
  });
});

describe('what a growing claim says', () => {
  const now = new Date('2026-01-01T00:00:00Z');

  test('at the controller, at the node, at the end', () => {
    const atController = withProgress(status, { at: 'controller', size }, now);
    expect(atController).toMatchObject({
      allocatedResources: { storage: '2Gi' },
      allocatedResourceStatuses: { storage: 'ControllerResizeInProgress' },
      conditions: [{ type: 'Resizing', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }],
    });
    const atNode = withProgress(atController, { at: 'node', size }, now);
    expect(atNode.capacity).toEqual({ storage: '1Gi' });
    expect(atNode.conditions?.map(({ type }) => type)).toEqual(['FileSystemResizePending']);
    const atEnd = withProgress(atNode, { at: 'end', size }, now);
    expect(atEnd).toMatchObject({ capacity: { storage: '2Gi' }, conditions: [] });
    expect(atEnd.allocatedResourceStatuses).toBeUndefined();
  });

  test('a node that has no part in it is told so', () => {
    const finished = progressed(grown, status, { at: 'end', size });
    const annotation = 'volume.kubernetes.io/node-expansion-not-required';
    expect(finished.metadata.annotations?.[annotation]).toBe('true');
    expect(progressed(finished, status, { at: 'node', size }).metadata.annotations?.[annotation]).toBeUndefined();
  });

  test('the same again is the same object, so that nothing is written', () => {
    const failed = { at: 'controller-failed', size, message: 'no room', infeasible: true } as const;
    const once = withProgress(status, failed, now);
    expect(once.allocatedResourceStatuses).toEqual({ storage: 'ControllerResizeInfeasible' });
    expect(withProgress(once, failed, new Date())).toBe(once);
  });
});
