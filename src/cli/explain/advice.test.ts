import { describe, expect, it } from 'vitest';
import type { PersistentVolume, PersistentVolumeClaim, StorageClass, VolumeSnapshot } from '../../model/kinds/index.ts';
import type { World } from '../world/world.ts';
import { explainClaim } from './claim.ts';

const standard: StorageClass = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name: 'standard' },
  provisioner: 'csi.moorage.dev',
};

const world: World = {
  nodes: [],
  pools: [],
  classes: [standard],
  claims: [],
  pvs: [],
  volumes: [],
  snapshots: [],
  mounts: [],
  isCluster: false,
  volumeSnapshots: [],
  contents: [],
  csiNodes: [
    {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'CSINode',
      metadata: { name: 'n' },
      spec: { drivers: [{ name: 'csi.moorage.dev', nodeID: 'n' }] },
    },
  ],
  events: [],
};

function claimOf(
  spec: Partial<PersistentVolumeClaim['spec']> = {},
  metadata: Partial<PersistentVolumeClaim['metadata']> = {},
): PersistentVolumeClaim {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'data', namespace: 'default', uid: 'u', creationTimestamp: '2026-01-01T00:00:00Z', ...metadata },
    spec: {
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'standard',
      resources: { requests: { storage: '10Mi' } },
      ...spec,
    },
    status: { phase: 'Pending' },
  };
}

function volumeOf(
  name: string,
  spec: Partial<PersistentVolume['spec']>,
  phase: 'Available' | 'Released' = 'Available',
) {
  const volume: PersistentVolume = {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name },
    spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/srv' }, ...spec },
    status: { phase },
  };
  return volume;
}

function snapshotOf(status: VolumeSnapshot['status']): VolumeSnapshot {
  return {
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshot',
    metadata: { name: 'snap', namespace: 'default' },
    spec: { source: { persistentVolumeClaimName: 'data' } },
    status,
  };
}

const fromSnapshot = { dataSource: { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 'snap' } };
const fromClaim = { dataSource: { kind: 'PersistentVolumeClaim', name: 'other' } };
const other = claimOf({ volumeMode: 'Block' }, { name: 'other', uid: 'o' });
const boundOther: PersistentVolumeClaim = { ...other, status: { phase: 'Bound', capacity: { storage: '20Mi' } } };

/** The lines of "What to do", as one text. */
function advice(claim: PersistentVolumeClaim, given: Partial<World> = {}): string {
  return explainClaim({ ...world, ...given }, claim).next.join('\n');
}

describe('what to do about a claim that is not bound', () => {
  it.each<[string, Partial<PersistentVolumeClaim['spec']>, Partial<World>, RegExp]>([
    ['class ""', { storageClassName: '' }, {}, /make a PersistentVolume without a class/],
    ['a volume that is not there', { volumeName: 'v' }, {}, /make PersistentVolume v, or .* without spec.volumeName/],
    [
      'a volume of somebody else',
      { volumeName: 'v' },
      { pvs: [volumeOf('v', { claimRef: { namespace: 'shop', name: 'db', uid: 'x' } })] },
      /v belongs to claim shop\/db/,
    ],
    [
      'a volume that is too small',
      { volumeName: 'v', resources: { requests: { storage: '2Gi' } } },
      { pvs: [volumeOf('v', {})] },
      /its size is 1Gi, less than 2Gi/,
    ],
    [
      'a volume of another class',
      { volumeName: 'v' },
      { pvs: [volumeOf('v', { storageClassName: 'slow' })] },
      /storageClassName: "slow"/,
    ],
    ['modes for several nodes', { accessModes: ['ReadWriteMany'] }, {}, /accessModes: \[ReadWriteOnce\]/],
    ['a snapshot that is not there', fromSnapshot, {}, /VolumeSnapshot snap is not there: take it/],
    [
      'a snapshot that failed',
      fromSnapshot,
      { volumeSnapshots: [snapshotOf({ error: { message: 'broken' } })] },
      /snap failed: see moorage explain volumesnapshot\/snap/,
    ],
    [
      'a snapshot that is larger',
      fromSnapshot,
      { volumeSnapshots: [snapshotOf({ readyToUse: true, restoreSize: '20Mi' })] },
      /ask for at least 20 MiB/,
    ],
    [
      'a source in another namespace',
      { dataSourceRef: { ...fromSnapshot.dataSource, namespace: 'shop' } },
      {},
      /anew in namespace shop/,
    ],
    ['a claim to clone that is not there', fromClaim, {}, /claim other, which it is a copy of, is not there/],
    ['a claim to clone that is not bound', fromClaim, { claims: [other] }, /is not bound: moorage explain pvc\/other/],
    ['a claim to clone that is larger', fromClaim, { claims: [boundOther] }, /ask for at least 20 MiB/],
    [
      'a claim to clone of the other mode',
      { ...fromClaim, resources: { requests: { storage: '20Mi' } } },
      { claims: [boundOther] },
      /with volumeMode: Block/,
    ],
    [
      'a source of an unknown kind',
      { dataSourceRef: { apiGroup: 'x.org', kind: 'Tape', name: 't' } },
      {},
      /Tape.x.org/,
    ],
  ])('%s', (_, spec, given, says) => {
    const text = advice(claimOf(spec), given);
    expect(text).toMatch(says);
    expect(text).not.toMatch(/create the StorageClass|nothing: it is being made/);
  });

  it('names the Released volume that an earlier claim of this name had, with how to free it', () => {
    const claimRef = { namespace: 'default', name: 'data', uid: 'earlier' };
    const pvs = [volumeOf('archive', { claimRef, storageClassName: 'byhand' }, 'Released')];
    for (const spec of [{ storageClassName: 'byhand' }, { storageClassName: 'standard' }, { volumeName: 'archive' }]) {
      expect(advice(claimOf(spec), { pvs })).toContain('kubectl patch pv archive --type=json -p \'[{"op":"remove"');
    }
    const ofOther = [volumeOf('archive', { claimRef: { ...claimRef, name: 'else' } }, 'Released')];
    expect(advice(claimOf({ storageClassName: 'byhand' }), { pvs: ofOther })).not.toContain('archive');
  });

  it('does not call it being made when the driver has said that it can not be made so', () => {
    const event = (message: string): World['events'][number] => ({
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: 'e' },
      involvedObject: { uid: 'u' },
      type: 'Warning',
      message,
    });
    const pools: World['pools'] = [
      {
        apiVersion: 'moorage.dev/v1alpha1',
        kind: 'Pool',
        metadata: { name: 'p' },
        spec: { engine: 'local', backend: 'auto', preallocate: false, overProvisioning: 1 },
        status: {
          phase: 'Ready',
          nodes: [{ node: 'n', backend: 'image', total: '1Ti', free: '1Ti', used: '0', allocated: '0' }],
        },
      },
    ];
    expect(advice(claimOf(), { pools })).toContain('nothing: it is being made');
    const never = event('rpc error: code = INVALID_ARGUMENT desc = parameter "colour" is unknown');
    expect(advice(claimOf(), { pools, events: [never] })).toContain('change what the message names');
    const later = event('rpc error: code = UNAVAILABLE desc = the pool is not open');
    expect(advice(claimOf(), { pools, events: [later] })).toContain('mend what the message names');
  });

  it('says which snapshot keeps a claim that is being deleted', () => {
    const claim = claimOf(
      {},
      {
        deletionTimestamp: '2026-01-01T00:00:01Z',
        finalizers: ['snapshot.storage.kubernetes.io/pvc-as-source-protection'],
      },
    );
    const volumeSnapshots = [snapshotOf({ readyToUse: false, error: { message: 'no such class' } })];
    expect(advice(claim, { volumeSnapshots })).toMatch(/failed \(no such class\).*kubectl delete volumesnapshot snap/);
  });
});
