/** The objects that the bench makes, and where they are in the API. */
export const paths = {
  claims: '/api/v1/namespaces/default/persistentvolumeclaims',
  classes: '/apis/storage.k8s.io/v1/storageclasses',
  mounts: '/apis/moorage.dev/v1alpha1/namespaces/default/mounts',
  pools: '/apis/moorage.dev/v1alpha1/pools',
  snapshotClasses: '/apis/snapshot.storage.k8s.io/v1/volumesnapshotclasses',
  snapshots: '/apis/snapshot.storage.k8s.io/v1/namespaces/default/volumesnapshots',
} as const;

/** A StorageClass of our driver, for one pool. */
export function classFor(pool: string) {
  return {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: pool },
    provisioner: 'csi.moorage.dev',
    parameters: { pool },
    allowVolumeExpansion: true,
  };
}

export interface ClaimWish {
  readonly name: string;
  readonly storageClassName: string;
  readonly size: string;
  readonly dataSource?: { readonly apiGroup?: string; readonly kind: string; readonly name: string };
}

export function claim({ name, size, ...rest }: ClaimWish) {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: size } }, ...rest },
  };
}

export function mount(name: string, path: string) {
  return {
    apiVersion: 'moorage.dev/v1alpha1',
    kind: 'Mount',
    metadata: { name },
    spec: { claim: name, path },
  };
}

export const snapshotClass = {
  apiVersion: 'snapshot.storage.k8s.io/v1',
  kind: 'VolumeSnapshotClass',
  metadata: { name: 'bench' },
  driver: 'csi.moorage.dev',
  deletionPolicy: 'Delete',
};

export function snapshot(name: string, persistentVolumeClaimName: string) {
  return {
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshot',
    metadata: { name },
    spec: { volumeSnapshotClassName: snapshotClass.metadata.name, source: { persistentVolumeClaimName } },
  };
}
