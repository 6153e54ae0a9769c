import * as z from 'zod';
import { objectMeta, stringMap } from '../object.ts';
import { quantity } from '../quantity.ts';
import { labelSelector } from './core.ts';
import { column, defineKind } from './define.ts';

const group = 'storage.k8s.io';
const apiVersion = z.literal('storage.k8s.io/v1');

const classSchema = z.object({
  apiVersion,
  kind: z.literal('StorageClass'),
  metadata: objectMeta,
  provisioner: z.string(),
  parameters: stringMap.optional(),
  reclaimPolicy: z.enum(['Retain', 'Delete']).optional(),
  mountOptions: z.array(z.string()).optional(),
  allowVolumeExpansion: z.boolean().optional(),
  volumeBindingMode: z.enum(['Immediate', 'WaitForFirstConsumer']).optional(),
  allowedTopologies: z
    .array(
      z.object({
        matchLabelExpressions: z.array(z.object({ key: z.string(), values: z.array(z.string()) })).optional(),
      }),
    )
    .optional(),
});
export type StorageClass = z.infer<typeof classSchema>;
export const defaultClassAnnotation = 'storageclass.kubernetes.io/is-default-class';

/** StorageClass, as storage.k8s.io/v1 has it. */
export const storageClasses = defineKind<StorageClass>({
  group,
  version: 'v1',
  kind: 'StorageClass',
  plural: 'storageclasses',
  singular: 'storageclass',
  shortNames: ['sc'],
  description: 'A kind of storage that claims can ask for.',
  schema: classSchema as z.ZodType<StorageClass>,
  mergeKeys: {},
  columns: [
    column('Provisioner', 'The driver.', (it) => it.provisioner),
    column('ReclaimPolicy', 'What becomes of a volume when its claim goes.', (it) => it.reclaimPolicy ?? 'Delete'),
    column('VolumeBindingMode', 'When a volume is made.', (it) => it.volumeBindingMode ?? 'Immediate'),
    column('AllowVolumeExpansion', 'Whether claims may grow.', (it) => it.allowVolumeExpansion ?? false, {
      type: 'boolean',
    }),
  ],
});

const attachmentSchema = z.object({
  apiVersion,
  kind: z.literal('VolumeAttachment'),
  metadata: objectMeta,
  spec: z.object({
    attacher: z.string(),
    nodeName: z.string(),
    source: z.object({ persistentVolumeName: z.string().nullish() }).loose(),
  }),
  status: z
    .object({
      attached: z.boolean(),
      attachmentMetadata: stringMap.optional(),
      attachError: z.object({ time: z.string().nullish(), message: z.string().optional() }).nullish(),
      detachError: z.object({ time: z.string().nullish(), message: z.string().optional() }).nullish(),
    })
    .optional(),
});
export type VolumeAttachment = z.infer<typeof attachmentSchema>;

/** VolumeAttachment, as storage.k8s.io/v1 has it. */
export const volumeAttachments = defineKind<VolumeAttachment>({
  group,
  version: 'v1',
  kind: 'VolumeAttachment',
  plural: 'volumeattachments',
  hasStatus: true,
  description: 'The wish to attach a volume to a node, and whether it is.',
  schema: attachmentSchema as z.ZodType<VolumeAttachment>,
  mergeKeys: { 'metadata.finalizers': '' },
  columns: [
    column('Attacher', 'The driver.', (it) => it.spec.attacher),
    column('PV', 'The volume.', (it) => it.spec.source.persistentVolumeName ?? ''),
    column('Node', 'The node.', (it) => it.spec.nodeName),
    column('Attached', 'Whether it is.', (it) => it.status?.attached ?? false, { type: 'boolean' }),
  ],
});

const driverSchema = z.object({
  apiVersion,
  kind: z.literal('CSIDriver'),
  metadata: objectMeta,
  spec: z.looseObject({
    attachRequired: z.boolean().optional(),
    podInfoOnMount: z.boolean().optional(),
    fsGroupPolicy: z.string().optional(),
    storageCapacity: z.boolean().optional(),
    volumeLifecycleModes: z.array(z.string()).optional(),
    requiresRepublish: z.boolean().optional(),
    seLinuxMount: z.boolean().optional(),
  }),
});
export type CSIDriver = z.infer<typeof driverSchema>;

/** CSIDriver, as storage.k8s.io/v1 has it. */
export const csiDrivers = defineKind<CSIDriver>({
  group,
  version: 'v1',
  kind: 'CSIDriver',
  plural: 'csidrivers',
  description: 'How a CSI driver wants to be used.',
  schema: driverSchema as z.ZodType<CSIDriver>,
  mergeKeys: {},
  columns: [
    column(
      'AttachRequired',
      'Whether volumes are attached before they are staged.',
      (it) => it.spec.attachRequired ?? true,
      { type: 'boolean' },
    ),
    column('StorageCapacity', 'Whether it publishes its capacity.', (it) => it.spec.storageCapacity ?? false, {
      type: 'boolean',
    }),
    column('Modes', 'Life cycles that it serves.', (it) => (it.spec.volumeLifecycleModes ?? ['Persistent']).join(',')),
  ],
});

const csiNodeSchema = z.object({
  apiVersion,
  kind: z.literal('CSINode'),
  metadata: objectMeta,
  spec: z.object({
    drivers: z.array(
      z.object({
        name: z.string(),
        nodeID: z.string(),
        topologyKeys: z.array(z.string()).nullish(),
        allocatable: z.object({ count: z.number().int().optional() }).nullish(),
      }),
    ),
  }),
});
export type CSINode = z.infer<typeof csiNodeSchema>;

/** CSINode, as storage.k8s.io/v1 has it. */
export const csiNodes = defineKind<CSINode>({
  group,
  version: 'v1',
  kind: 'CSINode',
  plural: 'csinodes',
  description: 'The CSI drivers of a node.',
  schema: csiNodeSchema as z.ZodType<CSINode>,
  mergeKeys: { 'spec.drivers': 'name', 'metadata.ownerReferences': 'uid' },
  columns: [column('Drivers', 'How many drivers.', (it) => it.spec.drivers.length, { type: 'integer' })],
});

const capacitySchema = z.object({
  apiVersion,
  kind: z.literal('CSIStorageCapacity'),
  metadata: objectMeta,
  storageClassName: z.string(),
  nodeTopology: labelSelector.optional(),
  capacity: quantity.optional(),
  maximumVolumeSize: quantity.optional(),
});
export type CSIStorageCapacity = z.infer<typeof capacitySchema>;

/** CSIStorageCapacity, as storage.k8s.io/v1 has it. */
export const csiStorageCapacities = defineKind<CSIStorageCapacity>({
  group,
  version: 'v1',
  kind: 'CSIStorageCapacity',
  plural: 'csistoragecapacities',
  namespaced: true,
  description: 'How much room a driver has for a class in a part of the cluster.',
  schema: capacitySchema as z.ZodType<CSIStorageCapacity>,
  mergeKeys: {},
  columns: [
    column('StorageClassName', 'The class.', (it) => it.storageClassName),
    column('Capacity', 'Room left.', (it) => it.capacity ?? ''),
  ],
});

const attributesClassSchema = z.object({
  apiVersion,
  kind: z.literal('VolumeAttributesClass'),
  metadata: objectMeta,
  driverName: z.string(),
  parameters: stringMap.optional(),
});
export type VolumeAttributesClass = z.infer<typeof attributesClassSchema>;

/** VolumeAttributesClass, as storage.k8s.io/v1 has it. */
export const volumeAttributesClasses = defineKind<VolumeAttributesClass>({
  group,
  version: 'v1',
  kind: 'VolumeAttributesClass',
  plural: 'volumeattributesclasses',
  singular: 'volumeattributesclass',
  shortNames: ['vac'],
  description: 'Attributes of a volume that may change while it lives.',
  schema: attributesClassSchema as z.ZodType<VolumeAttributesClass>,
  mergeKeys: {},
  columns: [column('DriverName', 'The driver.', (it) => it.driverName)],
});

const snapshotGroup = 'snapshot.storage.k8s.io';
const snapshotVersion = z.literal('snapshot.storage.k8s.io/v1');
const snapshotError = z.object({ time: z.string().nullish(), message: z.string().nullish() }).nullish();
const deletionPolicy = z.enum(['Delete', 'Retain']);
const reference = z.object({
  kind: z.string().optional(),
  apiVersion: z.string().optional(),
  namespace: z.string().optional(),
  name: z.string().optional(),
  uid: z.string().optional(),
  resourceVersion: z.string().optional(),
  fieldPath: z.string().optional(),
});

const snapshotSchema = z.object({
  apiVersion: snapshotVersion,
  kind: z.literal('VolumeSnapshot'),
  metadata: objectMeta,
  spec: z.object({
    source: z.object({
      persistentVolumeClaimName: z.string().nullish(),
      volumeSnapshotContentName: z.string().nullish(),
    }),
    volumeSnapshotClassName: z.string().nullish(),
  }),
  status: z
    .object({
      boundVolumeSnapshotContentName: z.string().nullish(),
      creationTime: z.string().nullish(),
      readyToUse: z.boolean().nullish(),
      restoreSize: quantity.nullish(),
      error: snapshotError,
      volumeGroupSnapshotName: z.string().nullish(),
    })
    .optional(),
});
export type VolumeSnapshot = z.infer<typeof snapshotSchema>;

/** VolumeSnapshot, as snapshot.storage.k8s.io/v1 has it. */
export const volumeSnapshots = defineKind<VolumeSnapshot>({
  group: snapshotGroup,
  version: 'v1',
  kind: 'VolumeSnapshot',
  plural: 'volumesnapshots',
  shortNames: ['vs'],
  namespaced: true,
  hasStatus: true,
  hasGeneration: true,
  description: "The wish for a copy of a claim's content at one moment.",
  schema: snapshotSchema as z.ZodType<VolumeSnapshot>,
  columns: [
    column('ReadyToUse', 'Whether it can be restored.', (it) => it.status?.readyToUse ?? undefined, {
      type: 'boolean',
    }),
    column('SourcePVC', 'The claim.', (it) => it.spec.source.persistentVolumeClaimName ?? ''),
    column(
      'SourceSnapshotContent',
      'The content, if it was there before.',
      (it) => it.spec.source.volumeSnapshotContentName ?? '',
    ),
    column('RestoreSize', 'Least size of a claim made from it.', (it) => it.status?.restoreSize ?? ''),
    column('SnapshotClass', 'Its class.', (it) => it.spec.volumeSnapshotClassName ?? ''),
    column('SnapshotContent', 'Its content.', (it) => it.status?.boundVolumeSnapshotContentName ?? ''),
    column('CreationTime', 'When it was taken.', (it) => it.status?.creationTime ?? undefined, { type: 'date' }),
  ],
});

const contentSchema = z.object({
  apiVersion: snapshotVersion,
  kind: z.literal('VolumeSnapshotContent'),
  metadata: objectMeta,
  spec: z.object({
    volumeSnapshotRef: reference,
    deletionPolicy,
    driver: z.string(),
    volumeSnapshotClassName: z.string().nullish(),
    source: z.object({ volumeHandle: z.string().nullish(), snapshotHandle: z.string().nullish() }),
    sourceVolumeMode: z.string().nullish(),
  }),
  status: z
    .object({
      snapshotHandle: z.string().nullish(),
      creationTime: z.number().int().nullish(),
      restoreSize: z.number().int().nullish(),
      readyToUse: z.boolean().nullish(),
      error: snapshotError,
      volumeGroupSnapshotHandle: z.string().nullish(),
    })
    .optional(),
});
export type VolumeSnapshotContent = z.infer<typeof contentSchema>;

/** VolumeSnapshotContent, as snapshot.storage.k8s.io/v1 has it. creationTime is nanoseconds, restoreSize bytes. */
export const volumeSnapshotContents = defineKind<VolumeSnapshotContent>({
  group: snapshotGroup,
  version: 'v1',
  kind: 'VolumeSnapshotContent',
  plural: 'volumesnapshotcontents',
  shortNames: ['vsc', 'vscs'],
  hasStatus: true,
  hasGeneration: true,
  description: 'A snapshot in a storage system.',
  schema: contentSchema as z.ZodType<VolumeSnapshotContent>,
  columns: [
    column('ReadyToUse', 'Whether it can be restored.', (it) => it.status?.readyToUse ?? undefined, {
      type: 'boolean',
    }),
    column('RestoreSize', 'Bytes of a claim made from it.', (it) => it.status?.restoreSize ?? undefined, {
      type: 'integer',
    }),
    column('DeletionPolicy', 'What becomes of it when its VolumeSnapshot goes.', (it) => it.spec.deletionPolicy),
    column('Driver', 'The driver.', (it) => it.spec.driver),
    column('VolumeSnapshotClass', 'Its class.', (it) => it.spec.volumeSnapshotClassName ?? ''),
    column('VolumeSnapshot', 'The wish that it fulfils.', (it) => it.spec.volumeSnapshotRef.name ?? ''),
    column('VolumeSnapshotNamespace', 'Where that wish is.', (it) => it.spec.volumeSnapshotRef.namespace ?? ''),
  ],
});

const snapshotClassSchema = z.object({
  apiVersion: snapshotVersion,
  kind: z.literal('VolumeSnapshotClass'),
  metadata: objectMeta,
  driver: z.string(),
  deletionPolicy,
  parameters: stringMap.optional(),
});
export type VolumeSnapshotClass = z.infer<typeof snapshotClassSchema>;
export const defaultSnapshotClassAnnotation = 'snapshot.storage.kubernetes.io/is-default-class';

/** VolumeSnapshotClass, as snapshot.storage.k8s.io/v1 has it. */
export const volumeSnapshotClasses = defineKind<VolumeSnapshotClass>({
  group: snapshotGroup,
  version: 'v1',
  kind: 'VolumeSnapshotClass',
  plural: 'volumesnapshotclasses',
  singular: 'volumesnapshotclass',
  shortNames: ['vsclass', 'vsclasses'],
  hasGeneration: true,
  description: 'How snapshots of a driver are taken and kept.',
  schema: snapshotClassSchema as z.ZodType<VolumeSnapshotClass>,
  columns: [
    column('Driver', 'The driver.', (it) => it.driver),
    column('DeletionPolicy', 'What becomes of a snapshot when its object goes.', (it) => it.deletionPolicy),
  ],
});
