/** Objects for the unit tests of this room. */
import type { CsiClient } from '../csi/transport/csi-client.ts';
import { storageProvisionerAnnotation } from '../model/claims/well-known.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '../model/kinds/core.ts';
import type { StorageClass } from '../model/kinds/storage.ts';
import type { ObjectMeta } from '../model/object.ts';
import type { DriverCapabilities } from './drivers/capabilities.ts';
import type { Driver } from './drivers/driver.ts';

const everything: DriverCapabilities = {
  controllerService: true,
  topology: true,
  expansion: 'online',
  createVolume: true,
  publish: true,
  publishReadonly: true,
  capacity: true,
  snapshots: true,
  listSnapshots: true,
  clones: true,
  controllerExpand: true,
  modifyVolume: true,
  controllerSingleNodeMultiWriter: true,
  stage: true,
  volumeStatistics: true,
  nodeExpand: true,
  nodeSingleNodeMultiWriter: true,
};

/** A driver that can do everything, but for what is named. */
export function driverWith(capabilities: Partial<DriverCapabilities> = {}): Driver {
  return {
    name: 'csi.example.com',
    version: '1',
    socket: '/csi.sock',
    client: {} as CsiClient,
    capabilities: { ...everything, ...capabilities },
    nodeId: 'n1',
    topology: {},
    extras: {},
  };
}

/** A claim of class `fast` for 1Gi, marked for csi.example.com. */
export function claimWith(
  spec: Partial<PersistentVolumeClaim['spec']> = {},
  metadata: Partial<ObjectMeta> = {},
): PersistentVolumeClaim {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name: 'data',
      namespace: 'shop',
      uid: 'u1',
      ...metadata,
      annotations: { [storageProvisionerAnnotation]: 'csi.example.com', ...metadata.annotations },
    },
    spec: {
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'fast',
      resources: { requests: { storage: '1Gi' } },
      ...spec,
    },
  };
}

/** The volume pvc-u1 of csi.example.com, bound to the claim. */
export function volumeWith(
  spec: Partial<PersistentVolume['spec']> = {},
  metadata: Partial<ObjectMeta> = {},
): PersistentVolume {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: 'pvc-u1', ...metadata },
    spec: {
      accessModes: ['ReadWriteOnce'],
      capacity: { storage: '1Gi' },
      claimRef: { namespace: 'shop', name: 'data', uid: 'u1' },
      storageClassName: 'fast',
      persistentVolumeReclaimPolicy: 'Delete',
      csi: { driver: 'csi.example.com', volumeHandle: 'handle-1' },
      ...spec,
    },
  };
}

/** The class `fast` of csi.example.com. */
export function classWith(more: Partial<StorageClass> = {}): StorageClass {
  return {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: 'fast' },
    provisioner: 'csi.example.com',
    allowVolumeExpansion: true,
    ...more,
  };
}
