import * as z from 'zod';
import { objectMeta, stringMap } from '../../object.ts';
import { quantity } from '../../quantity.ts';
import { column, defineKind } from '../define.ts';
import { checkedBy } from '../moorage/rules.ts';
import { objectReference } from '../shared.ts';
import {
  contentReferenceErrors,
  deletionPolicy,
  emptyClassErrors,
  int64,
  keptOnce,
  onceErrors,
  onceRules,
  snapshotError,
  sourceErrors,
  sourceRules,
} from './snapshot-shared.ts';

const group = 'snapshot.storage.k8s.io';
const apiVersion = z.literal('snapshot.storage.k8s.io/v1');

const snapshotSchema = z.object({
  apiVersion,
  kind: z.literal('VolumeSnapshot'),
  metadata: objectMeta,
  spec: z.object({
    source: z
      .object({
        persistentVolumeClaimName: z
          .string()
          .nullish()
          .meta(checkedBy(keptOnce('persistentVolumeClaimName'))),
        volumeSnapshotContentName: z
          .string()
          .nullish()
          .meta(checkedBy(keptOnce('volumeSnapshotContentName'))),
      })
      .meta(checkedBy(...sourceRules('volumeSnapshotContentName', 'persistentVolumeClaimName'))),
    volumeSnapshotClassName: z
      .string()
      .nullish()
      .meta(
        checkedBy({
          rule: 'size(self) > 0',
          message: 'volumeSnapshotClassName must not be the empty string when set',
        }),
      ),
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
  group,
  version: 'v1',
  kind: 'VolumeSnapshot',
  plural: 'volumesnapshots',
  shortNames: ['vs'],
  namespaced: true,
  hasStatus: true,
  hasGeneration: true,
  description: "The wish for a copy of a claim's content at one moment.",
  schema: snapshotSchema as z.ZodType<VolumeSnapshot>,
  validate: ({ spec }, old) => [
    ...sourceErrors(
      'spec.source',
      ['volumeSnapshotContentName', 'persistentVolumeClaimName'],
      spec.source,
      old?.spec.source,
    ),
    ...emptyClassErrors('spec', 'volumeSnapshotClassName', spec.volumeSnapshotClassName),
  ],
  columns: [
    column('ReadyToUse', 'Whether it can be restored.', (it) => it.status?.readyToUse ?? undefined, {
      type: 'boolean',
      path: '.status.readyToUse',
    }),
    column('SourcePVC', 'The claim.', (it) => it.spec.source.persistentVolumeClaimName ?? '', {
      path: '.spec.source.persistentVolumeClaimName',
    }),
    column(
      'SourceSnapshotContent',
      'The content, if it was there before.',
      (it) => it.spec.source.volumeSnapshotContentName ?? '',
      { path: '.spec.source.volumeSnapshotContentName' },
    ),
    column('RestoreSize', 'Least size of a claim made from it.', (it) => it.status?.restoreSize ?? '', {
      path: '.status.restoreSize',
    }),
    column('SnapshotClass', 'Its class.', (it) => it.spec.volumeSnapshotClassName ?? '', {
      path: '.spec.volumeSnapshotClassName',
    }),
    column('SnapshotContent', 'Its content.', (it) => it.status?.boundVolumeSnapshotContentName ?? '', {
      path: '.status.boundVolumeSnapshotContentName',
    }),
    column('CreationTime', 'When it was taken.', (it) => it.status?.creationTime ?? undefined, {
      type: 'date',
      path: '.status.creationTime',
    }),
  ],
});

const contentSchema = z.object({
  apiVersion,
  kind: z.literal('VolumeSnapshotContent'),
  metadata: objectMeta,
  spec: z
    .object({
      volumeSnapshotRef: objectReference.meta(
        checkedBy({
          rule: 'has(self.name) && has(self.__namespace__)',
          message: 'both spec.volumeSnapshotRef.name and spec.volumeSnapshotRef.namespace must be set',
        }),
      ),
      deletionPolicy,
      driver: z.string(),
      volumeSnapshotClassName: z.string().nullish(),
      source: z
        .object({
          volumeHandle: z
            .string()
            .nullish()
            .meta(checkedBy(keptOnce('volumeHandle'))),
          snapshotHandle: z
            .string()
            .nullish()
            .meta(checkedBy(keptOnce('snapshotHandle'))),
        })
        .meta(checkedBy(...sourceRules('volumeHandle', 'snapshotHandle'))),
      sourceVolumeMode: z
        .string()
        .nullish()
        .meta(checkedBy(keptOnce('sourceVolumeMode'))),
    })
    .meta(checkedBy(...onceRules('sourceVolumeMode'))),
  status: z
    .object({
      snapshotHandle: z.string().nullish(),
      creationTime: int64.nullish(),
      restoreSize: int64.nullish(),
      readyToUse: z.boolean().nullish(),
      error: snapshotError,
      volumeGroupSnapshotHandle: z.string().nullish(),
    })
    .optional(),
});
export type VolumeSnapshotContent = z.infer<typeof contentSchema>;

/** VolumeSnapshotContent, as snapshot.storage.k8s.io/v1 has it. creationTime is nanoseconds, restoreSize bytes. */
export const volumeSnapshotContents = defineKind<VolumeSnapshotContent>({
  group,
  version: 'v1',
  kind: 'VolumeSnapshotContent',
  plural: 'volumesnapshotcontents',
  shortNames: ['vsc', 'vscs'],
  hasStatus: true,
  hasGeneration: true,
  description: 'A snapshot in a storage system.',
  schema: contentSchema as z.ZodType<VolumeSnapshotContent>,
  validate: ({ spec }, old) => [
    ...sourceErrors('spec.source', ['volumeHandle', 'snapshotHandle'], spec.source, old?.spec.source),
    ...contentReferenceErrors('spec.volumeSnapshotRef', spec.volumeSnapshotRef),
    ...onceErrors('spec', 'sourceVolumeMode', spec.sourceVolumeMode, old?.spec.sourceVolumeMode),
  ],
  columns: [
    column('ReadyToUse', 'Whether it can be restored.', (it) => it.status?.readyToUse ?? undefined, {
      type: 'boolean',
      path: '.status.readyToUse',
    }),
    column('RestoreSize', 'Bytes of a claim made from it.', (it) => it.status?.restoreSize ?? undefined, {
      type: 'integer',
      path: '.status.restoreSize',
    }),
    column('DeletionPolicy', 'What becomes of it when its VolumeSnapshot goes.', (it) => it.spec.deletionPolicy, {
      path: '.spec.deletionPolicy',
    }),
    column('Driver', 'The driver.', (it) => it.spec.driver, { path: '.spec.driver' }),
    column('VolumeSnapshotClass', 'Its class.', (it) => it.spec.volumeSnapshotClassName ?? '', {
      path: '.spec.volumeSnapshotClassName',
    }),
    column('VolumeSnapshot', 'The wish that it fulfils.', (it) => it.spec.volumeSnapshotRef.name ?? '', {
      path: '.spec.volumeSnapshotRef.name',
    }),
    column('VolumeSnapshotNamespace', 'Where that wish is.', (it) => it.spec.volumeSnapshotRef.namespace ?? '', {
      path: '.spec.volumeSnapshotRef.namespace',
    }),
  ],
});

const classSchema = z.object({
  apiVersion,
  kind: z.literal('VolumeSnapshotClass'),
  metadata: objectMeta,
  driver: z.string(),
  deletionPolicy,
  parameters: stringMap.optional(),
});
export type VolumeSnapshotClass = z.infer<typeof classSchema>;
/** On a VolumeSnapshotClass with "true": snapshots of its driver's volumes that name no class get this one. */
export const defaultSnapshotClassAnnotation = 'snapshot.storage.kubernetes.io/is-default-class';

/** VolumeSnapshotClass, as snapshot.storage.k8s.io/v1 has it. */
export const volumeSnapshotClasses = defineKind<VolumeSnapshotClass>({
  group,
  version: 'v1',
  kind: 'VolumeSnapshotClass',
  plural: 'volumesnapshotclasses',
  shortNames: ['vsclass', 'vsclasses'],
  hasGeneration: true,
  description: 'How snapshots of a driver are taken and kept.',
  schema: classSchema as z.ZodType<VolumeSnapshotClass>,
  columns: [
    column('Driver', 'The driver.', (it) => it.driver, { path: '.driver' }),
    column('DeletionPolicy', 'What becomes of a snapshot when its object goes.', (it) => it.deletionPolicy, {
      path: '.deletionPolicy',
    }),
  ],
});
