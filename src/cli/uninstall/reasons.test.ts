import { expect, test } from 'vitest';
import type { PersistentVolume, Volume, VolumeSnapshotContent } from '../../model/kinds/index.ts';
import { type Remains, reasonsAgainst } from './reasons.ts';

const nothing: Remains = { persistentVolumes: [], contents: [], volumes: [], snapshots: [] };

function volume(name: string, ...nodes: string[]): Volume {
  const attachments = nodes.map((node) => ({ node, mode: 'ReadWrite' as const, since: '2026-01-01T00:00:00Z' }));
  return {
    apiVersion: 'moorage.dev/v1alpha1',
    kind: 'Volume',
    metadata: { name },
    spec: { size: '1Gi', mode: 'Filesystem', provisioning: 'thin' },
    status: { phase: 'Ready', attachments },
  };
}

function persistentVolume(driver: string): PersistentVolume {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: 'pvc-1' },
    spec: { csi: { driver, volumeHandle: 'pvc-1' }, claimRef: { namespace: 'shop', name: 'data' } },
  };
}

const content: VolumeSnapshotContent = {
  apiVersion: 'snapshot.storage.k8s.io/v1',
  kind: 'VolumeSnapshotContent',
  metadata: { name: 'snapcontent-1' },
  spec: {
    driver: 'csi.moorage.dev',
    deletionPolicy: 'Delete',
    source: { volumeHandle: 'pvc-1' },
    volumeSnapshotRef: { namespace: 'shop', name: 'before' },
  },
};

test.each<[string, Partial<Remains>, boolean, RegExp[]]>([
  ['nothing is left', {}, false, []],
  ["another driver's volumes", { persistentVolumes: [persistentVolume('other')] }, false, []],
  [
    'a claim',
    { persistentVolumes: [persistentVolume('csi.moorage.dev')], volumes: [volume('pvc-1')] },
    false,
    [/^1 PersistentVolume is left.*\n {4}pvc-1 \(claim shop\/data\)$/],
  ],
  ['a snapshot', { contents: [content] }, false, [/^1 VolumeSnapshotContent is left.*shop\/before/s]],
  ['a volume without a claim', { volumes: [volume('bare')] }, false, [/^1 Volume is left.*bare/s]],
  ['a claim that is to stay', { persistentVolumes: [persistentVolume('csi.moorage.dev')] }, true, []],
  ['a volume in use, even if it is to stay', { volumes: [volume('v', 'n1')] }, true, [/pods.*v on node n1/s]],
  [
    'many',
    { volumes: Array.from({ length: 12 }, (_, n) => volume(`v${n}`)) },
    false,
    [/^12 Volumes are left.*v9\n {4}… and 2 more$/s],
  ],
])('uninstall with %s', (_, remains, keepVolumes, expected) => {
  const reasons = reasonsAgainst({ ...nothing, ...remains }, keepVolumes);
  expect(reasons).toHaveLength(expected.length);
  for (const [index, pattern] of expected.entries()) expect(reasons[index]).toMatch(pattern);
});
