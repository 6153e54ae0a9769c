import * as z from 'zod';
import { repeated } from '../../../lib/lists.ts';
import { duplicate, errorsOfEach, immutable, invalid, required } from '../../field-errors.ts';
import type { FieldError } from '../../kind.ts';
import { qualifiedNameErrors } from '../../names.ts';
import { objectMeta } from '../../object.ts';
import { compareQuantities, quantity } from '../../quantity.ts';
import { ageColumn, column, defineKind, nameColumn } from '../define.ts';
import {
  driverNameErrors,
  labelSelector,
  labelSelectorErrors,
  metadataMergeKeys,
  referenceNameErrors,
} from '../shared.ts';

const group = 'storage.k8s.io';
const apiVersion = z.literal('storage.k8s.io/v1');

const driverSchema = z.object({
  apiVersion,
  kind: z.literal('CSIDriver'),
  metadata: objectMeta,
  spec: z.object({
    attachRequired: z.boolean().optional(),
    podInfoOnMount: z.boolean().optional(),
    fsGroupPolicy: z.enum(['ReadWriteOnceWithFSType', 'File', 'None']).optional(),
    storageCapacity: z.boolean().optional(),
    volumeLifecycleModes: z.array(z.enum(['Persistent', 'Ephemeral'])).optional(),
    tokenRequests: z
      .array(z.object({ audience: z.string(), expirationSeconds: z.number().int().nullish() }))
      .optional(),
    requiresRepublish: z.boolean().optional(),
    seLinuxMount: z.boolean().optional(),
    nodeAllocatableUpdatePeriodSeconds: z.number().int().nullish(),
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
  mergeKeys: { ...metadataMergeKeys, 'spec.volumeLifecycleModes': '' },
  prepare: ({ spec }) => {
    if (!spec) return;
    spec.attachRequired ??= true;
    spec.podInfoOnMount ??= false;
    spec.storageCapacity ??= false;
    spec.fsGroupPolicy ??= 'ReadWriteOnceWithFSType';
    if (!spec.volumeLifecycleModes?.length) spec.volumeLifecycleModes = ['Persistent'];
    spec.requiresRepublish ??= false;
    spec.seLinuxMount ??= false;
  },
  validate: ({ spec }, old) => [
    ...tokenErrors(spec.tokenRequests ?? []),
    ...(spec.nodeAllocatableUpdatePeriodSeconds != null && spec.nodeAllocatableUpdatePeriodSeconds < 10
      ? [
          invalid(
            'spec.nodeAllocatableUpdatePeriodSeconds',
            spec.nodeAllocatableUpdatePeriodSeconds,
            'must be greater than or equal to 10 seconds',
          ),
        ]
      : []),
    // Kubernetes' own message names the first field like that.
    ...(old ? immutable('spec.attachedRequired', spec.attachRequired, old.spec.attachRequired) : []),
    ...(old ? immutable('spec.volumeLifecycleModes', spec.volumeLifecycleModes, old.spec.volumeLifecycleModes) : []),
  ],
  columns: [
    column('AttachRequired', 'Whether volumes are attached first.', (it) => it.spec.attachRequired ?? true, {
      type: 'boolean',
    }),
    column('PodInfoOnMount', 'Whether it is told who mounts.', (it) => it.spec.podInfoOnMount ?? false, {
      type: 'boolean',
    }),
    column('StorageCapacity', 'Whether it publishes its capacity.', (it) => it.spec.storageCapacity ?? false, {
      type: 'boolean',
    }),
    column(
      'TokenRequests',
      'Tokens that it asks for.',
      (it) => it.spec.tokenRequests?.map(({ audience }) => audience).join(',') ?? '<unset>',
    ),
    column('RequiresRepublish', 'Whether it is called again and again.', (it) => it.spec.requiresRepublish ?? false, {
      type: 'boolean',
    }),
    column('Modes', 'Life cycles that it serves.', (it) => it.spec.volumeLifecycleModes?.join(',') || '<none>'),
  ],
});

function tokenErrors(requests: NonNullable<CSIDriver['spec']['tokenRequests']>): FieldError[] {
  const again = repeated(requests.map(({ audience }) => audience));
  return errorsOfEach(requests, ({ audience, expirationSeconds }, index) => {
    const field = `spec.tokenRequests[${index}]`;
    if (again.has(index)) return [duplicate(`${field}.audience`, audience)];
    return expirationSeconds != null && expirationSeconds < 600
      ? [invalid(`${field}.expirationSeconds`, expirationSeconds, 'may not specify a duration less than 10 minutes')]
      : [];
  });
}

const nodeSchema = z.object({
  apiVersion,
  kind: z.literal('CSINode'),
  metadata: objectMeta,
  spec: z.object({
    // A kubelet without drivers makes it null.
    drivers: z
      .array(
        z.object({
          name: z.string(),
          nodeID: z.string(),
          topologyKeys: z.array(z.string()).nullish(),
          allocatable: z.object({ count: z.number().int().min(0).optional() }).nullish(),
        }),
      )
      .nullable(),
  }),
});
export type CSINode = z.infer<typeof nodeSchema>;

type NodeDriver = NonNullable<CSINode['spec']['drivers']>[number];

function driversOf({ spec }: CSINode): readonly NodeDriver[] {
  return spec.drivers ?? [];
}

/** CSINode, as storage.k8s.io/v1 has it. */
export const csiNodes = defineKind<CSINode>({
  group,
  version: 'v1',
  kind: 'CSINode',
  plural: 'csinodes',
  description: 'The CSI drivers of a node.',
  schema: nodeSchema as z.ZodType<CSINode>,
  mergeKeys: { ...metadataMergeKeys, 'spec.drivers': 'name' },
  validate: (it, old) => {
    const again = repeated(driversOf(it).map(({ name }) => name));
    return [
      ...errorsOfEach(driversOf(it), (driver, index) => nodeDriverErrors(driver, index, again.has(index))),
      ...(old ? changedDriverErrors(driversOf(it), driversOf(old)) : []),
    ];
  },
  columns: [column('Drivers', 'How many drivers.', (it) => driversOf(it).length, { type: 'integer' })],
});

function nodeDriverErrors(driver: NodeDriver, index: number, isRepeated: boolean): FieldError[] {
  const field = `spec.drivers[${index}]`;
  const keys = driver.topologyKeys ?? [];
  const again = repeated(keys);
  return [
    ...driverNameErrors(`${field}.name`, driver.name),
    ...(driver.nodeID ? [] : [required(`${field}.nodeID`)]),
    ...(driver.nodeID.length > 256
      ? [invalid(`${field}.nodeID`, driver.nodeID, 'must be 256 characters or less')]
      : []),
    ...(isRepeated ? [duplicate(`${field}.name`, driver.name)] : []),
    ...errorsOfEach(keys, (key, at) => [
      ...qualifiedNameErrors(key).map((error) => invalid(field, key, error)),
      ...(again.has(at) ? [duplicate(field, key)] : []),
    ]),
  ];
}

function changedDriverErrors(drivers: readonly NodeDriver[], old: readonly NodeDriver[]): FieldError[] {
  const byName = new Map(old.map((driver) => [driver.name, driver]));
  return errorsOfEach(drivers, (driver) => {
    const before = byName.get(driver.name);
    if (!before) return [];
    const { allocatable: _, ...rest } = before;
    return immutable('spec.drivers', { ...driver, allocatable: undefined }, rest);
  });
}

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
  mergeKeys: metadataMergeKeys,
  validate: (it, old) => [
    ...labelSelectorErrors('nodeTopology', it.nodeTopology),
    ...(it.storageClassName ? [] : [required('storageClassName')]),
    ...referenceNameErrors('storageClassName', it.storageClassName),
    ...(it.capacity && compareQuantities(it.capacity, '0') < 0
      ? [invalid('capacity', it.capacity, 'must be greater than or equal to 0')]
      : []),
    ...(old ? immutable('nodeTopology', it.nodeTopology, old.nodeTopology) : []),
    ...(old ? immutable('storageClassName', it.storageClassName, old.storageClassName) : []),
  ],
  table: [
    nameColumn<CSIStorageCapacity>(),
    column('StorageClassName', 'The class.', (it) => it.storageClassName),
    column('Capacity', 'Room left.', (it) => it.capacity ?? '<unset>'),
    { ...ageColumn<CSIStorageCapacity>(), priority: 1 },
  ],
});
