import type { Thing } from './user.ts';

export interface ClaimWish {
  readonly class?: string | undefined;
  readonly size?: string;
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

export function claim(name: string, { class: storageClassName, size = '16Mi', spec, metadata }: ClaimWish = {}): Thing {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, ...metadata },
    spec: {
      ...(storageClassName === undefined ? {} : { storageClassName }),
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: size } },
      ...spec,
    },
  };
}

/** A volume that somebody made by hand. */
export function volume(name: string, spec: Readonly<Record<string, unknown>> = {}, metadata = {}): Thing {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name, ...metadata },
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      nfs: { server: 'nfs.example', path: '/export' },
      ...spec,
    },
  };
}

export function storageClass(name: string, fields: Readonly<Record<string, unknown>> = {}, metadata = {}): Thing {
  return {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name, ...metadata },
    provisioner: 'csi.moorage.dev',
    ...fields,
  };
}
