import * as z from 'zod';
import { objectMeta, stringMap } from '../../object.ts';
import { column, defineKind } from '../define.ts';
import { labelSelector, labelSelectorErrors, objectReference } from '../shared.ts';
import {
  contentReferenceErrors,
  deletionPolicy,
  emptyClassErrors,
  int64,
  onceErrors,
  snapshotError,
  sourceErrors,
} from './snapshot-shared.ts';

const group = 'groupsnapshot.storage.k8s.io';
const apiVersion = z.literal('groupsnapshot.storage.k8s.io/v1');

const groupSchema = z.object({
  apiVersion,
  kind: z.literal('VolumeGroupSnapshot'),
  metadata: objectMeta,
  spec: z.object({
    source: z.object({ selector: labelSelector.nullish(), volumeGroupSnapshotContentName: z.string().nullish() }),
    volumeGroupSnapshotClassName: z.string().nullish(),
  }),
  status: z
    .object({
      boundVolumeGroupSnapshotContentName: z.string().nullish(),
      creationTime: z.string().nullish(),
      readyToUse: z.boolean().nullish(),
      error: snapshotError,
    })
    .optional(),
});
export type VolumeGroupSnapshot = z.infer<typeof groupSchema>;

/** VolumeGroupSnapshot, as groupsnapshot.storage.k8s.io/v1 has it. */
export const volumeGroupSnapshots = defineKind<VolumeGroupSnapshot>({
  group,
  version: 'v1',
  kind: 'VolumeGroupSnapshot',
  plural: 'volumegroupsnapshots',
  shortNames: ['vgs'],
  namespaced: true,
  hasStatus: true,
  hasGeneration: true,
  description: 'The wish for copies of several claims, all at one moment.',
  schema: groupSchema as z.ZodType<VolumeGroupSnapshot>,
  validate: ({ spec }, old) => [
    ...sourceErrors('spec.source', ['selector', 'volumeGroupSnapshotContentName'], spec.source, old?.spec.source),
    ...labelSelectorErrors('spec.source.selector', spec.source.selector),
    ...emptyClassErrors('spec', 'volumeGroupSnapshotClassName', spec.volumeGroupSnapshotClassName),
  ],
  columns: [
    column('ReadyToUse', 'Whether all can be restored.', (it) => it.status?.readyToUse ?? undefined, {
      type: 'boolean',
    }),
    column('VolumeGroupSnapshotClass', 'Its class.', (it) => it.spec.volumeGroupSnapshotClassName ?? ''),
    column('VolumeGroupSnapshotContent', 'Its content.', (it) => it.status?.boundVolumeGroupSnapshotContentName ?? ''),
    column('CreationTime', 'When it was taken.', (it) => it.status?.creationTime ?? undefined, { type: 'date' }),
  ],
});

const contentSchema = z.object({
  apiVersion,
  kind: z.literal('VolumeGroupSnapshotContent'),
  metadata: objectMeta,
  spec: z.object({
    volumeGroupSnapshotRef: objectReference,
    deletionPolicy,
    driver: z.string(),
    volumeGroupSnapshotClassName: z.string().nullish(),
    source: z.object({
      volumeHandles: z.array(z.string()).nullish(),
      groupSnapshotHandles: z
        .object({ volumeGroupSnapshotHandle: z.string(), volumeSnapshotHandles: z.array(z.string()) })
        .nullish(),
    }),
  }),
  status: z
    .object({
      volumeGroupSnapshotHandle: z.string().nullish(),
      creationTime: z.string().nullish(),
      readyToUse: z.boolean().nullish(),
      error: snapshotError,
      volumeSnapshotInfoList: z
        .array(
          z.object({
            volumeHandle: z.string().optional(),
            snapshotHandle: z.string().optional(),
            creationTime: int64.optional(),
            readyToUse: z.boolean().optional(),
            restoreSize: int64.optional(),
          }),
        )
        .optional(),
    })
    .optional(),
});
export type VolumeGroupSnapshotContent = z.infer<typeof contentSchema>;

/** VolumeGroupSnapshotContent, as groupsnapshot.storage.k8s.io/v1 has it. */
export const volumeGroupSnapshotContents = defineKind<VolumeGroupSnapshotContent>({
  group,
  version: 'v1',
  kind: 'VolumeGroupSnapshotContent',
  plural: 'volumegroupsnapshotcontents',
  shortNames: ['vgsc', 'vgscs'],
  hasStatus: true,
  hasGeneration: true,
  description: 'A group of snapshots in a storage system.',
  schema: contentSchema as z.ZodType<VolumeGroupSnapshotContent>,
  validate: ({ spec }, old) => [
    ...sourceErrors('spec.source', ['volumeHandles', 'groupSnapshotHandles'], spec.source, old?.spec.source),
    ...contentReferenceErrors('spec.volumeGroupSnapshotRef', spec.volumeGroupSnapshotRef),
    ...onceErrors('spec', 'driver', spec.driver, old?.spec.driver),
  ],
  columns: [
    column('ReadyToUse', 'Whether all can be restored.', (it) => it.status?.readyToUse ?? undefined, {
      type: 'boolean',
    }),
    column('DeletionPolicy', 'What becomes of them when the object goes.', (it) => it.spec.deletionPolicy),
    column('Driver', 'The driver.', (it) => it.spec.driver),
    column('VolumeGroupSnapshotClass', 'Its class.', (it) => it.spec.volumeGroupSnapshotClassName ?? ''),
    column(
      'VolumeGroupSnapshotNamespace',
      'Where the wish for it is.',
      (it) => it.spec.volumeGroupSnapshotRef.namespace ?? '',
    ),
    column('VolumeGroupSnapshot', 'The wish that it fulfils.', (it) => it.spec.volumeGroupSnapshotRef.name ?? ''),
  ],
});

const classSchema = z.object({
  apiVersion,
  kind: z.literal('VolumeGroupSnapshotClass'),
  metadata: objectMeta,
  driver: z.string(),
  deletionPolicy,
  parameters: stringMap.optional(),
});
export type VolumeGroupSnapshotClass = z.infer<typeof classSchema>;

/** VolumeGroupSnapshotClass, as groupsnapshot.storage.k8s.io/v1 has it. */
export const volumeGroupSnapshotClasses = defineKind<VolumeGroupSnapshotClass>({
  group,
  version: 'v1',
  kind: 'VolumeGroupSnapshotClass',
  plural: 'volumegroupsnapshotclasses',
  shortNames: ['vgsclass', 'vgsclasses'],
  hasGeneration: true,
  description: 'How group snapshots of a driver are taken and kept.',
  schema: classSchema as z.ZodType<VolumeGroupSnapshotClass>,
  validate: (it, old) => [
    ...onceErrors('', 'driver', it.driver, old?.driver),
    ...onceErrors('', 'deletionPolicy', it.deletionPolicy, old?.deletionPolicy),
    ...onceErrors('', 'parameters', it.parameters, old?.parameters),
  ],
  columns: [
    column('Driver', 'The driver.', (it) => it.driver),
    column('DeletionPolicy', 'What becomes of the snapshots when their object goes.', (it) => it.deletionPolicy),
  ],
});
