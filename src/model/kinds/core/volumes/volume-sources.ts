import * as z from 'zod';
import { stringMap } from '../../../object.ts';
import { secretReference } from '../../shared.ts';

const text = z.string().optional();
const flag = z.boolean().optional();
const texts = z.array(z.string()).optional();
const integer = z.number().int();
const secretRef = secretReference.nullish();

/** Every kind of volume that a PersistentVolume of core/v1 may be. csi, local and hostPath can be mounted. */
export const volumeSources = {
  awsElasticBlockStore: z.object({ volumeID: z.string(), fsType: text, partition: integer.optional(), readOnly: flag }),
  azureDisk: z.object({
    diskName: z.string(),
    diskURI: z.string(),
    cachingMode: text,
    fsType: text,
    readOnly: flag,
    kind: text,
  }),
  azureFile: z.object({
    secretName: z.string(),
    shareName: z.string(),
    readOnly: flag,
    secretNamespace: z.string().nullish(),
  }),
  cephfs: z.object({
    monitors: z.array(z.string()),
    path: text,
    user: text,
    secretFile: text,
    secretRef,
    readOnly: flag,
  }),
  cinder: z.object({ volumeID: z.string(), fsType: text, readOnly: flag, secretRef }),
  csi: z.object({
    driver: z.string(),
    volumeHandle: z.string(),
    readOnly: flag,
    fsType: text,
    volumeAttributes: stringMap.optional(),
    controllerPublishSecretRef: secretReference.optional(),
    nodeStageSecretRef: secretReference.optional(),
    nodePublishSecretRef: secretReference.optional(),
    controllerExpandSecretRef: secretReference.optional(),
    nodeExpandSecretRef: secretReference.optional(),
  }),
  fc: z.object({ targetWWNs: texts, lun: integer.nullish(), fsType: text, readOnly: flag, wwids: texts }),
  flexVolume: z.object({ driver: z.string(), fsType: text, secretRef, readOnly: flag, options: stringMap.optional() }),
  flocker: z.object({ datasetName: text, datasetUUID: text }),
  gcePersistentDisk: z.object({ pdName: z.string(), fsType: text, partition: integer.optional(), readOnly: flag }),
  glusterfs: z.object({
    endpoints: z.string(),
    path: z.string(),
    readOnly: flag,
    endpointsNamespace: z.string().nullish(),
  }),
  hostPath: z.object({ path: z.string(), type: text }),
  iscsi: z.object({
    targetPortal: z.string(),
    iqn: z.string(),
    lun: integer,
    iscsiInterface: text,
    fsType: text,
    readOnly: flag,
    portals: texts,
    chapAuthDiscovery: flag,
    chapAuthSession: flag,
    secretRef,
    initiatorName: z.string().nullish(),
  }),
  local: z.object({ path: z.string(), fsType: text }),
  nfs: z.object({ server: z.string().default(''), path: z.string().default(''), readOnly: flag }),
  photonPersistentDisk: z.object({ pdID: z.string(), fsType: text }),
  portworxVolume: z.object({ volumeID: z.string(), fsType: text, readOnly: flag }),
  quobyte: z.object({
    registry: z.string(),
    volume: z.string(),
    readOnly: flag,
    user: text,
    group: text,
    tenant: text,
  }),
  rbd: z.object({
    monitors: z.array(z.string()),
    image: z.string(),
    fsType: text,
    pool: text,
    user: text,
    keyring: text,
    secretRef,
    readOnly: flag,
  }),
  scaleIO: z.object({
    gateway: z.string(),
    system: z.string(),
    secretRef,
    sslEnabled: flag,
    protectionDomain: text,
    storagePool: text,
    storageMode: text,
    volumeName: text,
    fsType: text,
    readOnly: flag,
  }),
  storageos: z.object({
    volumeName: text,
    volumeNamespace: text,
    fsType: text,
    readOnly: flag,
    secretRef: z.record(z.string(), z.string()).nullish(),
  }),
  vsphereVolume: z.object({ volumePath: z.string(), fsType: text, storagePolicyName: text, storagePolicyID: text }),
} as const;
export type VolumeSourceName = keyof typeof volumeSources;

/** Every kind of volume source, by the name of its field. */
export const volumeSourceNames = Object.keys(volumeSources) as VolumeSourceName[];
