import { claim, storageClass, volume } from '../objects.ts';
import type { Thing, User } from '../user.ts';
import type { Scenario } from './scenario.ts';

/** What is wrong with an object → the object. */
type Cases = Readonly<Record<string, Thing>>;

/** Claims that no server takes. */
function claimCases(): Cases {
  const spec = (fields: Readonly<Record<string, unknown>>) => claim('data', { class: 'x', spec: fields });
  return {
    'no spec': { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'data' } },
    'no access modes': spec({ accessModes: [] }),
    'an unknown access mode': spec({ accessModes: ['ReadWriteSometimes'] }),
    'ReadWriteOncePod with another mode': spec({ accessModes: ['ReadWriteOncePod', 'ReadWriteOnce'] }),
    'no size': spec({ resources: {} }),
    'size zero': claim('data', { size: '0' }),
    'negative size': claim('data', { size: '-1Gi' }),
    'a size that is none': claim('data', { size: 'large' }),
    'limits below requests': spec({ resources: { requests: { storage: '2Gi' }, limits: { storage: '1Gi' } } }),
    'an unknown volume mode': spec({ volumeMode: 'Tape' }),
    'a class that is no name': claim('data', { class: 'Not A Name' }),
    'a selector that is none': spec({ selector: { matchExpressions: [{ key: 'tier', operator: 'Sometimes' }] } }),
    'In without values': spec({ selector: { matchExpressions: [{ key: 'tier', operator: 'In' }] } }),
    'a label that is none': spec({ selector: { matchLabels: { 'not a label': 'x' } } }),
    'a data source without a name': spec({ dataSource: { kind: 'PersistentVolumeClaim', name: '' } }),
    'two data sources that differ': spec({
      dataSource: { kind: 'PersistentVolumeClaim', name: 'a' },
      dataSourceRef: { kind: 'PersistentVolumeClaim', name: 'b' },
    }),
    'a data source of a foreign kind': spec({ dataSource: { apiGroup: 'example.com', kind: 'Thing', name: 'x' } }),
    'a name that is none': claim('Not_A_Name'),
    'a name that is too long': claim('x'.repeat(254)),
    'no name': claim(''),
    'a label value that is none': claim('data', { metadata: { labels: { tier: 'not a value!' } } }),
    'an annotation key that is none': claim('data', { metadata: { annotations: { 'not a key!': 'x' } } }),
    'a finalizer that is none': claim('data', { metadata: { finalizers: ['nothing'] } }),
    'another namespace': claim('data', { metadata: { namespace: 'elsewhere' } }),
    'a wrong type': spec({ accessModes: 'ReadWriteOnce' }),
    'a number for a name': spec({ volumeName: 7 }),
  };
}

/** Volumes that no server takes. */
function volumeCases(user: User): Cases {
  const bad = (spec: Readonly<Record<string, unknown>>) =>
    volume(user.name('one'), { storageClassName: user.name('none'), ...spec });
  const nodeAffinity = (term: object) => ({ nodeAffinity: { required: { nodeSelectorTerms: [term] } } });
  return {
    'no capacity': bad({ capacity: undefined }),
    'capacity zero': bad({ capacity: { storage: '0' } }),
    'capacity of something else': bad({ capacity: { storage: '1Gi', memory: '1Gi' } }),
    'no access modes': bad({ accessModes: undefined }),
    'an unknown access mode': bad({ accessModes: ['Always'] }),
    'no source': bad({ nfs: undefined }),
    'two sources': bad({ hostPath: { path: '/data' } }),
    'nfs without a path': bad({ nfs: { server: 'x' } }),
    'nfs with a relative path': bad({ nfs: { server: 'x', path: 'data' } }),
    'hostPath with dots': bad({ nfs: undefined, hostPath: { path: '/data/../etc' } }),
    'an unknown hostPath type': bad({ nfs: undefined, hostPath: { path: '/data', type: 'Pond' } }),
    'local without affinity': bad({ nfs: undefined, local: { path: '/data' } }),
    'csi without a handle': bad({ nfs: undefined, csi: { driver: 'csi.example.com' } }),
    'csi with a driver that is no name': bad({ nfs: undefined, csi: { driver: 'not a driver', volumeHandle: 'x' } }),
    'an unknown reclaim policy': bad({ persistentVolumeReclaimPolicy: 'Forget' }),
    'recycling of what cannot be': bad({
      nfs: undefined,
      csi: { driver: 'a.b', volumeHandle: 'x' },
      persistentVolumeReclaimPolicy: 'Recycle',
    }),
    'an unknown volume mode': bad({ volumeMode: 'Tape' }),
    'an empty node affinity': bad({ nodeAffinity: {} }),
    'a node affinity with an unknown operator': bad(
      nodeAffinity({ matchExpressions: [{ key: 'a', operator: 'Near', values: ['b'] }] }),
    ),
    'a class that is no name': bad({ storageClassName: 'Not A Name' }),
    'mount options beside block mode': bad({ volumeMode: 'Block', mountOptions: ['ro'] }),
  };
}

/** Classes and drivers that no server takes. */
function storageCases(user: User): Cases {
  const bad = (fields: Readonly<Record<string, unknown>>) => storageClass(user.name('class'), fields);
  const driver = (spec: object) =>
    ({ apiVersion: 'storage.k8s.io/v1', kind: 'CSIDriver', metadata: { name: user.name('driver') }, spec }) as Thing;
  return {
    'no provisioner': bad({ provisioner: undefined }),
    'a provisioner that is no name': bad({ provisioner: 'not a driver' }),
    'an unknown reclaim policy': bad({ reclaimPolicy: 'Recycle' }),
    'an unknown binding mode': bad({ volumeBindingMode: 'Eventually' }),
    'an empty parameter name': bad({ parameters: { '': 'x' } }),
    'a parameter that Moorage does not know': bad({ parameters: { colour: 'red' } }),
    'a parameter that is no text': bad({ parameters: { size: 7 } }),
    'topologies that are the same': bad({
      allowedTopologies: [1, 2].map(() => ({ matchLabelExpressions: [{ key: 'zone', values: ['a'] }] })),
    }),
    'a topology without values': bad({ allowedTopologies: [{ matchLabelExpressions: [{ key: 'zone', values: [] }] }] }),
    'a driver with an unknown policy': driver({ fsGroupPolicy: 'Maybe' }),
    'a driver with an unknown mode': driver({ volumeLifecycleModes: ['Sometimes'] }),
    'a driver with a token twice': driver({ tokenRequests: [{ audience: 'a' }, { audience: 'a' }] }),
  };
}

/** Snapshots that no server takes. */
function snapshotCases(user: User): Cases {
  const apiVersion = 'snapshot.storage.k8s.io/v1';
  const snapshot = (spec: object): Thing => ({
    apiVersion,
    kind: 'VolumeSnapshot',
    metadata: { name: 's' },
    spec: { ...spec },
  });
  const content = (spec: object): Thing => ({
    apiVersion,
    kind: 'VolumeSnapshotContent',
    metadata: { name: user.name('content') },
    spec: {
      deletionPolicy: 'Delete',
      driver: 'csi.moorage.dev',
      source: { snapshotHandle: 'x' },
      volumeSnapshotRef: { name: 's', namespace: user.namespace },
      ...spec,
    },
  });
  return {
    'no source': snapshot({}),
    'an empty source': snapshot({ source: {} }),
    'two sources': snapshot({ source: { persistentVolumeClaimName: 'a', volumeSnapshotContentName: 'b' } }),
    'an empty class': snapshot({ volumeSnapshotClassName: '', source: { persistentVolumeClaimName: 'a' } }),
    'a content with an unknown policy': content({ deletionPolicy: 'Forget' }),
    'a content without a source': content({ source: {} }),
    'a content with two sources': content({ source: { snapshotHandle: 'x', volumeHandle: 'y' } }),
    'a content for nobody': content({ volumeSnapshotRef: {} }),
    'a class without a driver': {
      apiVersion,
      kind: 'VolumeSnapshotClass',
      metadata: { name: user.name('class') },
      deletionPolicy: 'Delete',
    },
  };
}

/** Each under a name of its own, where its name is not the case: one that is taken would be all that is said. */
async function refuseAll(user: User, cases: Cases): Promise<void> {
  for (const [index, [what, object]] of Object.entries(cases).entries()) {
    const { name = '' } = object.metadata;
    const own = /^[a-z]/.test(name) && name.length < 250 ? { name: `${name}-${index}` } : {};
    await user.create({ ...object, metadata: { ...object.metadata, ...own } }, what);
  }
}

/** Objects that are refused, and what the server says. */
export const invalid: readonly Scenario[] = [
  { name: 'invalid-claims', run: (user) => refuseAll(user, claimCases()) },
  { name: 'invalid-volumes', run: (user) => refuseAll(user, volumeCases(user)) },
  { name: 'invalid-classes', run: (user) => refuseAll(user, storageCases(user)) },
  { name: 'invalid-snapshots', run: (user) => refuseAll(user, snapshotCases(user)) },
];
