import { describe, expect, test } from 'vitest';
import type { Mount, Node, PersistentVolume, PersistentVolumeClaim } from '../../model/kinds/index.ts';
import type { MountRecord } from './mount-ledger.ts';
import { invalidPath, type MountWorld, planMount } from './plan.ts';

const here: Node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'here', labels: { zone: 'a' } } };

function mount(name = 'mine', more: { spec?: Partial<Mount['spec']>; node?: string } = {}): Mount {
  return {
    apiVersion: 'moorage.dev/v1alpha1',
    kind: 'Mount',
    metadata: { name, namespace: 'default', uid: `${name}-uid` },
    spec: { claim: 'data', path: `/mnt/${name}`, readOnly: false, ...more.spec },
    ...(more.node && { status: { node: more.node } }),
  };
}

function claim(more: Partial<PersistentVolumeClaim> = {}): PersistentVolumeClaim {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'data', namespace: 'default' },
    spec: { volumeName: 'one' },
    status: { phase: 'Bound' },
    ...more,
  };
}

function volume(spec: Partial<PersistentVolume['spec']> = {}): PersistentVolume {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: 'one' },
    spec: { accessModes: ['ReadWriteOnce'], csi: { driver: 'd', volumeHandle: 'h' }, ...spec },
  };
}

function record(name: string, target: string, of = 'other'): MountRecord {
  const source = { kind: 'bind' as const, path: '/srv' };
  return { uid: `${name}-uid`, namespace: 'default', name, volume: of, source, target, targetWas: 'nothing' };
}

function plan(world: Partial<MountWorld> = {}) {
  return planMount({
    mount: mount(),
    claim: claim(),
    volume: volume(),
    target: '/mnt/mine',
    node: here,
    others: [],
    begun: false,
    records: [],
    ...world,
  });
}

test('a bound claim on this node is mounted', () => {
  expect(plan()).toMatchObject({ go: true, readOnly: false, source: { kind: 'csi' } });
});

test('a volume that is read-only makes the mount so', () => {
  const csi = { driver: 'd', volumeHandle: 'h', readOnly: true };
  expect(plan({ volume: volume({ csi }) })).toMatchObject({ go: true, readOnly: true });
});

describe('not mounted', () => {
  const far = {
    required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In' as const, values: ['b'] }] }] },
  };
  const deleting = { name: 'data', namespace: 'default', deletionTimestamp: '2026-01-01T00:00:00Z' };
  const rwop = volume({ accessModes: ['ReadWriteOncePod'] });
  const { csi: _, ...sourceless } = volume().spec;
  const nfs = { ...volume(), spec: { ...sourceless, nfs: { server: 's', path: '/' } } } as PersistentVolume;
  const table: [string, Partial<MountWorld>, 'Pending' | 'Failed'][] = [
    ['ClaimNotFound', { claim: undefined }, 'Pending'],
    ['ClaimNotBound', { claim: claim({ status: { phase: 'Pending' } }) }, 'Pending'],
    ['ClaimLost', { claim: claim({ status: { phase: 'Lost' } }) }, 'Failed'],
    ['ClaimDeleting', { claim: claim({ metadata: deleting }) }, 'Failed'],
    ['VolumeNotFound', { volume: undefined }, 'Pending'],
    ['NodeAffinity', { volume: volume({ nodeAffinity: far }) }, 'Failed'],
    ['UnsupportedVolumeKind', { volume: nfs }, 'Failed'],
    ['VolumeInUse', { volume: rwop, others: [mount('other')] }, 'Failed'],
    ['VolumeInUse', { volume: rwop, records: [record('other', '/mnt/other', 'one')] }, 'Failed'],
    ['VolumeInUse', { others: [mount('other', { node: 'there' })] }, 'Failed'],
    ['PathInUse', { records: [record('other', '/mnt/mine')] }, 'Failed'],
    ['PathInUse', { records: [record('other', '/mnt')] }, 'Failed'],
    ['PathInUse', { records: [record('other', '/mnt/mine/below')] }, 'Failed'],
  ];
  test.each(table)('%s', (reason, world, phase) => {
    const result = plan(world);
    expect(result).toMatchObject({ go: false, reason, phase });
  });
});

describe('mounted all the same', () => {
  test.each<[string, Partial<MountWorld>]>([
    ['several Mounts of a ReadWriteOnce claim on one node', { others: [mount('other', { node: 'here' })] }],
    [
      'ReadWriteMany on several nodes',
      { volume: volume({ accessModes: ['ReadWriteMany'] }), others: [mount('o', { node: 'there' })] },
    ],
    [
      'readers of a ReadOnlyMany claim on several nodes',
      {
        mount: mount('mine', { spec: { readOnly: true } }),
        volume: volume({ accessModes: ['ReadOnlyMany'] }),
        others: [mount('other', { node: 'there', spec: { readOnly: true } })],
      },
    ],
    ['beside a path with the same beginning', { records: [record('other', '/mnt/mine2')] }],
    [
      'what was begun before its claim was deleted',
      { begun: true, claim: claim({ metadata: { name: 'data', deletionTimestamp: '2026-01-01T00:00:00Z' } }) },
    ],
  ])('%s', (_, world) => {
    expect(plan(world)).toMatchObject({ go: true });
  });
});

test.each(['relative', '/', '/a/', '/a/../b', '/a//b', ''])('the path %j is refused', (path) => {
  expect(invalidPath(mount('mine', { spec: { path } }))).toMatchObject({ reason: 'InvalidPath' });
});
