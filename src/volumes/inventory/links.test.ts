import { expect, test } from 'vitest';
import type {
  PersistentVolume,
  PersistentVolumeClaim,
  VolumeSnapshot,
  VolumeSnapshotContent,
} from '../../model/kinds/index.ts';
import type { Snapshot, Volume } from '../../model/kinds/moorage.ts';
import { confirmed } from './finding.ts';
import { compareLinks, type Links } from './links.ts';

const now = Date.parse('2026-01-01T01:00:00Z');
const old = { creationTimestamp: '2026-01-01T00:00:00Z' };
const fresh = { creationTimestamp: '2026-01-01T00:59:30Z' };
const deleting = { ...old, deletionTimestamp: '2026-01-01T00:59:00Z' };

const ours = (kind: 'Volume' | 'Snapshot') => (metadata: object, phase: string) =>
  ({ kind, metadata: { name: kind.toLowerCase(), ...metadata }, status: { phase } }) as unknown;
const volume = (metadata: object = old, phase = 'Ready') => ours('Volume')(metadata, phase) as Volume;
const snapshot = (metadata: object = old, phase = 'Ready') => ours('Snapshot')(metadata, phase) as Snapshot;

const pv = (phase = 'Bound', policy = 'Delete', driver = 'csi.moorage.dev') =>
  ({
    metadata: { name: 'pv' },
    spec: {
      persistentVolumeReclaimPolicy: policy,
      csi: { driver, volumeHandle: 'volume' },
      claimRef: { namespace: 'shop', name: 'data' },
    },
    status: { phase },
  }) as PersistentVolume;
const claim = (phase = 'Bound', metadata: object = {}) =>
  ({
    metadata: { namespace: 'shop', name: 'data', ...metadata },
    spec: { volumeName: 'pv' },
    status: { phase },
  }) as PersistentVolumeClaim;
const content = (metadata: object = {}) =>
  ({
    metadata: { name: 'content', ...metadata },
    spec: {
      driver: 'csi.moorage.dev',
      deletionPolicy: 'Delete',
      source: { volumeHandle: 'volume' },
      volumeSnapshotRef: { namespace: 'shop', name: 'wish' },
    },
    status: { snapshotHandle: 'snapshot' },
  }) as VolumeSnapshotContent;
const wish = () =>
  ({
    metadata: { namespace: 'shop', name: 'wish' },
    status: { boundVolumeSnapshotContentName: 'content' },
  }) as VolumeSnapshot;

const whole: Links = {
  claims: [claim()],
  persistentVolumes: [pv()],
  volumes: [volume()],
  volumeSnapshots: [wish()],
  contents: [content()],
  snapshots: [snapshot()],
  now,
};

test.each<[string, Partial<Links>, string[]]>([
  ['all is there', {}, []],
  ['a Volume that is gone', { volumes: [] }, ['Loss PersistentVolume pv']],
  ['one that was released to be deleted', { volumes: [], persistentVolumes: [pv('Released')], claims: [] }, []],
  [
    'one that was retained',
    { volumes: [], persistentVolumes: [pv('Released', 'Retain')] },
    ['Loss PersistentVolume pv'],
  ],
  ['that of another driver', { volumes: [], persistentVolumes: [pv('Bound', 'Delete', 'other')] }, []],
  ['a Volume that is deleted under its claim', { volumes: [volume(deleting)] }, ['Mismatch Volume volume']],
  ['one that goes with it', { volumes: [volume(deleting)], persistentVolumes: [pv('Released')], claims: [] }, []],
  [
    'a PersistentVolume that is gone',
    { persistentVolumes: [] },
    ['Loss PersistentVolumeClaim shop/data', 'Unclaimed Volume volume'],
  ],
  ['a claim that is only reserved', { persistentVolumes: [], volumes: [], claims: [claim('Pending')] }, []],
  ['a claim that goes', { persistentVolumes: [], volumes: [], claims: [claim('Bound', deleting)] }, []],
  ['a Volume of nobody', { claims: [], persistentVolumes: [] }, ['Unclaimed Volume volume']],
  ['one that was made just now', { claims: [], persistentVolumes: [], volumes: [volume(fresh)] }, []],
  ['one that goes', { claims: [], persistentVolumes: [], volumes: [volume(deleting)] }, []],
  [
    'one of a pod',
    { claims: [], persistentVolumes: [], volumes: [volume({ ...old, labels: { 'moorage.dev/inline': 'true' } })] },
    [],
  ],
  ['a Snapshot that is gone', { snapshots: [] }, ['Loss VolumeSnapshotContent content']],
  ['a Snapshot that goes with its content', { snapshots: [], contents: [content(deleting)] }, []],
  ['a Snapshot that is deleted under its content', { snapshots: [snapshot(deleting)] }, ['Mismatch Snapshot snapshot']],
  ['a content that is gone', { contents: [] }, ['Loss VolumeSnapshot shop/wish', 'Unclaimed Snapshot snapshot']],
])('%s', (_, more, expected) => {
  const findings = compareLinks({ ...whole, ...more });
  expect(findings.map(({ kind, what, name }) => `${kind} ${what} ${name}`)).toEqual(expected);
  expect(findings.every(({ remedy }) => remedy === undefined)).toBe(true);
  expect(confirmed(findings, findings)).toEqual(findings);
  // All of these pass through such states on their way.
  expect(confirmed(findings, [])).toEqual([]);
});
