import * as z from 'zod';
import type { FieldError } from '../kind.ts';
import { condition, objectMeta, stringMap } from '../object.ts';
import { quantity } from '../quantity.ts';
import { column, defineKind } from './define.ts';

const conditions = z.array(condition).optional();
const localReference = z.object({ apiGroup: z.string().nullish(), kind: z.string(), name: z.string() });
export const objectReference = z.object({
  apiVersion: z.string().optional(),
  kind: z.string().optional(),
  namespace: z.string().optional(),
  name: z.string().optional(),
  uid: z.string().optional(),
  resourceVersion: z.string().optional(),
  fieldPath: z.string().optional(),
});
const secretReference = z.object({ name: z.string().optional(), namespace: z.string().optional() });
export const labelSelector = z.object({
  matchLabels: stringMap.optional(),
  matchExpressions: z
    .array(
      z.object({
        key: z.string(),
        operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']),
        values: z.array(z.string()).optional(),
      }),
    )
    .optional(),
});
const selectorTerm = z.object({
  key: z.string(),
  operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt']),
  values: z.array(z.string()).optional(),
});
export const nodeSelector = z.object({
  nodeSelectorTerms: z.array(
    z.object({ matchExpressions: z.array(selectorTerm).optional(), matchFields: z.array(selectorTerm).optional() }),
  ),
});
export const accessMode = z.enum(['ReadWriteOnce', 'ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOncePod']);
export type AccessMode = z.infer<typeof accessMode>;
const volumeMode = z.enum(['Filesystem', 'Block']);
const reclaimPolicy = z.enum(['Retain', 'Delete', 'Recycle']);
const capacity = z.record(z.string(), quantity);

const short: Record<AccessMode, string> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
};
const shortModes = (modes: readonly AccessMode[] | undefined) => (modes ?? []).map((mode) => short[mode]).join(',');

const claimSchema = z.object({
  apiVersion: z.literal('v1'),
  kind: z.literal('PersistentVolumeClaim'),
  metadata: objectMeta,
  spec: z.object({
    accessModes: z.array(accessMode).optional(),
    selector: labelSelector.optional(),
    resources: z.object({ requests: capacity.optional(), limits: capacity.optional() }).optional(),
    volumeName: z.string().optional(),
    storageClassName: z.string().nullish(),
    volumeMode: volumeMode.optional(),
    dataSource: localReference.nullish(),
    dataSourceRef: localReference.extend({ namespace: z.string().nullish() }).nullish(),
    volumeAttributesClassName: z.string().nullish(),
  }),
  status: z
    .object({
      phase: z.enum(['Pending', 'Bound', 'Lost']).optional(),
      accessModes: z.array(accessMode).optional(),
      capacity: capacity.optional(),
      conditions,
      allocatedResources: capacity.optional(),
      allocatedResourceStatuses: stringMap.optional(),
      currentVolumeAttributesClassName: z.string().nullish(),
      modifyVolumeStatus: z
        .object({ targetVolumeAttributesClassName: z.string().optional(), status: z.string() })
        .nullish(),
    })
    .optional(),
});
export type PersistentVolumeClaim = z.infer<typeof claimSchema>;

/** PersistentVolumeClaim, as core/v1 has it. */
export const persistentVolumeClaims = defineKind<PersistentVolumeClaim>({
  group: '',
  version: 'v1',
  kind: 'PersistentVolumeClaim',
  plural: 'persistentvolumeclaims',
  shortNames: ['pvc'],
  namespaced: true,
  hasStatus: true,
  description: 'A request for storage by an application.',
  schema: claimSchema as z.ZodType<PersistentVolumeClaim>,
  mergeKeys: { 'metadata.ownerReferences': 'uid', 'metadata.finalizers': '', 'status.conditions': 'type' },
  columns: [
    column('Status', 'Phase of the claim.', (claim) =>
      claim.metadata.deletionTimestamp ? 'Terminating' : (claim.status?.phase ?? 'Pending'),
    ),
    column('Volume', 'The volume that it is bound to.', (claim) => claim.spec.volumeName ?? ''),
    column('Capacity', 'Size of the volume.', (claim) => claim.status?.capacity?.['storage'] ?? ''),
    column('Access Modes', 'How it may be mounted.', (claim) => shortModes(claim.status?.accessModes)),
    column('StorageClass', 'Class that it asks for.', (claim) => claim.spec.storageClassName ?? ''),
    column(
      'VolumeAttributesClass',
      'Attributes class that it asks for.',
      (claim) => claim.spec.volumeAttributesClassName ?? '<unset>',
    ),
  ],
});

const volumeSchema = z.object({
  apiVersion: z.literal('v1'),
  kind: z.literal('PersistentVolume'),
  metadata: objectMeta,
  spec: z.looseObject({
    capacity: capacity.optional(),
    accessModes: z.array(accessMode).optional(),
    claimRef: objectReference.nullish(),
    persistentVolumeReclaimPolicy: reclaimPolicy.optional(),
    storageClassName: z.string().optional(),
    volumeMode: volumeMode.optional(),
    mountOptions: z.array(z.string()).optional(),
    nodeAffinity: z.object({ required: nodeSelector.optional() }).nullish(),
    volumeAttributesClassName: z.string().nullish(),
    csi: z
      .object({
        driver: z.string(),
        volumeHandle: z.string(),
        readOnly: z.boolean().optional(),
        fsType: z.string().optional(),
        volumeAttributes: stringMap.optional(),
        controllerPublishSecretRef: secretReference.optional(),
        nodeStageSecretRef: secretReference.optional(),
        nodePublishSecretRef: secretReference.optional(),
        controllerExpandSecretRef: secretReference.optional(),
        nodeExpandSecretRef: secretReference.optional(),
      })
      .optional(),
    hostPath: z.object({ path: z.string(), type: z.string().optional() }).optional(),
    local: z.object({ path: z.string(), fsType: z.string().optional() }).optional(),
  }),
  status: z
    .object({
      phase: z.enum(['Pending', 'Available', 'Bound', 'Released', 'Failed']).optional(),
      message: z.string().optional(),
      reason: z.string().optional(),
      lastPhaseTransitionTime: z.string().nullish(),
    })
    .optional(),
});
export type PersistentVolume = z.infer<typeof volumeSchema>;

/** PersistentVolume, as core/v1 has it. Every volume source of Kubernetes is kept; csi, local and hostPath can be mounted. */
export const persistentVolumes = defineKind<PersistentVolume>({
  group: '',
  version: 'v1',
  kind: 'PersistentVolume',
  plural: 'persistentvolumes',
  shortNames: ['pv'],
  hasStatus: true,
  description: 'A piece of storage that a claim can be bound to.',
  schema: volumeSchema as z.ZodType<PersistentVolume>,
  mergeKeys: { 'metadata.ownerReferences': 'uid', 'metadata.finalizers': '' },
  columns: [
    column('Capacity', 'Its size.', (volume) => volume.spec.capacity?.['storage'] ?? ''),
    column('Access Modes', 'How it may be mounted.', (volume) => shortModes(volume.spec.accessModes)),
    column(
      'Reclaim Policy',
      'What becomes of it when its claim goes.',
      (volume) => volume.spec.persistentVolumeReclaimPolicy ?? '',
    ),
    column('Status', 'Its phase.', (volume) =>
      volume.metadata.deletionTimestamp ? 'Terminating' : (volume.status?.phase ?? 'Pending'),
    ),
    column('Claim', 'The claim that it is bound to.', ({ spec: { claimRef } }) =>
      claimRef ? `${claimRef.namespace}/${claimRef.name}` : '',
    ),
    column('StorageClass', 'Its class.', (volume) => volume.spec.storageClassName ?? ''),
    column(
      'VolumeAttributesClass',
      'Its attributes class.',
      (volume) => volume.spec.volumeAttributesClassName ?? '<unset>',
    ),
    column('Reason', 'Why it is in this phase.', (volume) => volume.status?.reason ?? ''),
  ],
});

const namespaceSchema = z.object({
  apiVersion: z.literal('v1'),
  kind: z.literal('Namespace'),
  metadata: objectMeta,
  spec: z.object({ finalizers: z.array(z.string()).optional() }).optional(),
  status: z.object({ phase: z.enum(['Active', 'Terminating']).optional(), conditions }).optional(),
});
export type Namespace = z.infer<typeof namespaceSchema>;

/** Namespace, as core/v1 has it. */
export const namespaces = defineKind<Namespace>({
  group: '',
  version: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  shortNames: ['ns'],
  hasStatus: true,
  description: 'A space of names.',
  schema: namespaceSchema as z.ZodType<Namespace>,
  mergeKeys: { 'metadata.finalizers': '', 'spec.finalizers': '', 'status.conditions': 'type' },
  columns: [column('Status', 'Its phase.', (namespace) => namespace.status?.phase ?? 'Active')],
});

const secretSchema = z.object({
  apiVersion: z.literal('v1'),
  kind: z.literal('Secret'),
  metadata: objectMeta,
  type: z.string().optional(),
  immutable: z.boolean().optional(),
  data: stringMap.optional(),
  stringData: stringMap.optional(),
});
export type Secret = z.infer<typeof secretSchema>;

/** Secret, as core/v1 has it. */
export const secrets = defineKind<Secret>({
  group: '',
  version: 'v1',
  kind: 'Secret',
  plural: 'secrets',
  namespaced: true,
  description: 'Something that only those who need it may read.',
  schema: secretSchema as z.ZodType<Secret>,
  mergeKeys: { 'metadata.ownerReferences': 'uid', 'metadata.finalizers': '' },
  columns: [
    column('Type', 'What it holds.', (secret) => secret.type ?? 'Opaque'),
    column('Data', 'How many entries.', (secret) => Object.keys(secret.data ?? {}).length, { type: 'integer' }),
  ],
});

const nodeSchema = z.object({
  apiVersion: z.literal('v1'),
  kind: z.literal('Node'),
  metadata: objectMeta,
  spec: z.looseObject({ unschedulable: z.boolean().optional() }).optional(),
  status: z
    .looseObject({
      conditions,
      nodeInfo: z.record(z.string(), z.unknown()).optional(),
      addresses: z.array(z.object({ type: z.string(), address: z.string() })).optional(),
    })
    .optional(),
});
export type Node = z.infer<typeof nodeSchema>;

/** Node, as core/v1 has it. */
export const nodes = defineKind<Node>({
  group: '',
  version: 'v1',
  kind: 'Node',
  plural: 'nodes',
  shortNames: ['no'],
  hasStatus: true,
  description: 'A machine.',
  schema: nodeSchema as z.ZodType<Node>,
  mergeKeys: { 'metadata.finalizers': '', 'status.conditions': 'type', 'status.addresses': 'type' },
  columns: [
    column('Status', 'Whether it is ready.', (node) =>
      node.status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True' ? 'Ready' : 'NotReady',
    ),
  ],
});

const eventSchema = z.object({
  apiVersion: z.literal('v1'),
  kind: z.literal('Event'),
  metadata: objectMeta,
  involvedObject: objectReference,
  reason: z.string().optional(),
  message: z.string().optional(),
  source: z.object({ component: z.string().optional(), host: z.string().optional() }).optional(),
  type: z.string().optional(),
  count: z.number().int().optional(),
  firstTimestamp: z.string().nullish(),
  lastTimestamp: z.string().nullish(),
  eventTime: z.string().nullish(),
  action: z.string().optional(),
  related: objectReference.nullish(),
  reportingComponent: z.string().optional(),
  reportingInstance: z.string().optional(),
});
export type Event = z.infer<typeof eventSchema>;

/** Event, as core/v1 has it. */
export const events = defineKind<Event>({
  group: '',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  shortNames: ['ev'],
  namespaced: true,
  description: 'Something that happened to an object.',
  schema: eventSchema as z.ZodType<Event>,
  mergeKeys: {},
  selectable: {
    'involvedObject.kind': (event) => event.involvedObject.kind ?? '',
    'involvedObject.namespace': (event) => event.involvedObject.namespace ?? '',
    'involvedObject.name': (event) => event.involvedObject.name ?? '',
    'involvedObject.uid': (event) => event.involvedObject.uid ?? '',
    reason: (event) => event.reason ?? '',
    type: (event) => event.type ?? '',
  },
});

/** A rule about one field that is broken. */
export function invalidField(field: string, message: string): FieldError {
  return { field, reason: 'FieldValueInvalid', message };
}
