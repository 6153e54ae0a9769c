import * as z from 'zod';
import { beginning } from '../../../../lib/text.ts';
import { forbidden, invalid, required, same } from '../../../field-errors.ts';
import type { FieldError } from '../../../kind.ts';
import { labelNameErrors, subdomainErrors } from '../../../names.ts';
import { objectMeta, stringMap } from '../../../object.ts';
import { compareQuantities } from '../../../quantity.ts';
import { column, defineKind } from '../../define.ts';
import {
  capacity,
  conditions,
  labelSelector,
  labelSelectorErrors,
  metadataMergeKeys,
  positiveErrors,
  referenceNameErrors,
} from '../../shared.ts';
import { accessMode, accessModeErrors, shortModes, volumeMode } from './access-modes.ts';

const localReference = z.object({ apiGroup: z.string().nullish(), kind: z.string(), name: z.string() });
const schema = z.object({
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
export type PersistentVolumeClaim = z.infer<typeof schema>;
type Spec = PersistentVolumeClaim['spec'];
type DataSource = NonNullable<Spec['dataSourceRef']>;

/** PersistentVolumeClaim, as core/v1 has it. */
export const persistentVolumeClaims = defineKind<PersistentVolumeClaim>({
  group: '',
  version: 'v1',
  kind: 'PersistentVolumeClaim',
  plural: 'persistentvolumeclaims',
  shortNames: ['pvc'],
  namespaced: true,
  hasStatus: true,
  statusTakesMetadata: true,
  description: 'A request for storage by an application.',
  schema: schema as z.ZodType<PersistentVolumeClaim>,
  mergeKeys: { ...metadataMergeKeys, 'status.conditions': 'type' },
  prepare,
  validate: (claim, old) => [...specErrors(claim.spec), ...(old ? updateErrors(claim, old) : [])],
  columns: [
    column('Status', 'Phase of the claim.', (claim) =>
      claim.metadata.deletionTimestamp ? 'Terminating' : (claim.status?.phase ?? 'Pending'),
    ),
    column('Volume', 'The volume that it is bound to.', (claim) => claim.spec.volumeName ?? ''),
    column('Capacity', 'Size of the volume.', (claim) =>
      claim.spec.volumeName ? (claim.status?.capacity?.['storage'] ?? '0') : '',
    ),
    column('Access Modes', 'How it may be mounted.', (claim) =>
      claim.spec.volumeName ? shortModes(claim.status?.accessModes) : '',
    ),
    column('StorageClass', 'Class that it asks for.', (claim) => claim.spec.storageClassName ?? ''),
    column(
      'VolumeAttributesClass',
      'Attributes class that it asks for.',
      (claim) => claim.spec.volumeAttributesClassName ?? '<unset>',
    ),
  ],
  columnsAfterAge: [
    column('VolumeMode', 'File system or raw block.', (claim) => claim.spec.volumeMode ?? '<unset>', { wide: true }),
  ],
});

function prepare(claim: PersistentVolumeClaim): void {
  claim.status ??= {};
  claim.status.phase ??= 'Pending';
  if (!claim.spec) return;
  claim.spec.volumeMode ??= 'Filesystem';
  mirrorDataSource(claim.spec);
}

/** dataSource and dataSourceRef say the same, unless the source is in another namespace. Of dataSource, only what it may name stays. */
function mirrorDataSource(spec: Spec): void {
  if (spec.dataSource && !spec.dataSourceRef && !isPlainSource(spec.dataSource)) delete spec.dataSource;
  const { dataSource, dataSourceRef } = spec;
  if (dataSource && !dataSourceRef) spec.dataSourceRef = { ...dataSource };
  if (dataSourceRef && !dataSource && !dataSourceRef.namespace && isPlainSource(dataSourceRef)) {
    const { namespace: _, ...rest } = dataSourceRef;
    spec.dataSource = rest;
  }
}

function isPlainSource({ apiGroup, kind }: DataSource): boolean {
  return apiGroup
    ? apiGroup === 'snapshot.storage.k8s.io' && kind === 'VolumeSnapshot'
    : kind === 'PersistentVolumeClaim';
}

function specErrors(spec: Spec): FieldError[] {
  const modes = spec.accessModes ?? [];
  const storage = spec.resources?.requests?.['storage'];
  return [
    ...(modes.length > 0 ? [] : [required('spec.accessModes', 'at least 1 access mode is required')]),
    ...labelSelectorErrors('spec.selector', spec.selector),
    ...accessModeErrors('spec.accessModes', modes),
    ...(storage === undefined
      ? [required('spec.resources[storage]')]
      : positiveErrors('spec.resources[storage]', storage)),
    ...referenceNameErrors('spec.storageClassName', spec.storageClassName),
    ...sourceErrors('spec.dataSource', spec.dataSource),
    ...sourceErrors('spec.dataSourceRef', spec.dataSourceRef),
    ...sourcePairErrors(spec),
    ...referenceNameErrors('spec.volumeAttributesClassName', spec.volumeAttributesClassName),
  ];
}

function sourceErrors(field: string, source: DataSource | null | undefined): FieldError[] {
  if (!source) return [];
  const { apiGroup, kind, name, namespace } = source;
  return [
    ...(name ? [] : [required(`${field}.name`)]),
    ...(kind ? [] : [required(`${field}.kind`)]),
    ...(apiGroup || kind === 'PersistentVolumeClaim'
      ? []
      : [invalid(field, kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup")]),
    ...(apiGroup ? subdomainErrors(apiGroup).map((error) => invalid(`${field}.apiGroup`, apiGroup, error)) : []),
    ...(namespace ? labelNameErrors(namespace).map((error) => invalid(`${field}.namespace`, namespace, error)) : []),
  ];
}

/** Kubernetes means the path of the field there, which it prints as this. */
const nameless = {};

function sourcePairErrors({ dataSource, dataSourceRef }: Spec): FieldError[] {
  if (!dataSource || !dataSourceRef) return [];
  if (dataSourceRef.namespace) {
    return [invalid('spec', nameless, 'may not be specified when dataSourceRef.namespace is specified')];
  }
  const { namespace: _, ...rest } = dataSourceRef;
  return same(dataSource, rest) ? [] : [invalid('spec', nameless, 'must match dataSourceRef')];
}

function updateErrors(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): FieldError[] {
  return [
    ...immutableErrors(claim.spec, old),
    ...shrinkErrors(claim, old),
    ...(same(claim.spec.volumeMode, old.spec.volumeMode)
      ? []
      : [invalid('volumeMode', claim.spec.volumeMode, 'field is immutable')]),
    ...attributesErrors(claim, old),
  ];
}

/** A claim keeps its spec, save for what may be set once and what a bound claim may change. */
function immutableErrors(spec: Spec, old: PersistentVolumeClaim): FieldError[] {
  const expected: Spec = { ...old.spec };
  if (!old.spec.volumeName) expected.volumeName = spec.volumeName;
  if (old.spec.storageClassName == null) expected.storageClassName = spec.storageClassName;
  if (old.status?.phase === 'Bound') {
    expected.volumeAttributesClassName = spec.volumeAttributesClassName;
    const storage = spec.resources?.requests?.['storage'];
    if (storage) {
      expected.resources = { ...old.spec.resources, requests: { ...old.spec.resources?.requests, storage } };
    }
  }
  const changed = Object.keys({ ...expected, ...spec }).filter(
    (key) => !same(expected[key as keyof Spec], spec[key as keyof Spec]),
  );
  if (changed.length === 0) return [];
  const lines = changed.flatMap((key) => [
    `- ${key}: ${beginning(JSON.stringify(expected[key as keyof Spec] ?? null), 2_000)}`,
    `+ ${key}: ${beginning(JSON.stringify(spec[key as keyof Spec] ?? null), 2_000)}`,
  ]);
  const rule =
    'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';
  return [forbidden('spec', [rule, ...lines].join('\n'))];
}

/** A request may be taken back to what the volume has not got yet, and not to less than it has. */
function shrinkErrors(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): FieldError[] {
  const wanted = claim.spec.resources?.requests?.['storage'];
  const before = old.spec.resources?.requests?.['storage'];
  if (!wanted || !before || compareQuantities(wanted, before) >= 0) return [];
  const now = old.status?.capacity?.['storage'] ?? '0';
  return compareQuantities(wanted, now) > 0
    ? []
    : [forbidden('spec.resources.requests.storage', 'field can not be less than status.capacity')];
}

function attributesErrors(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): FieldError[] {
  const wanted = claim.spec.volumeAttributesClassName;
  if (wanted || same(wanted, old.spec.volumeAttributesClassName)) return [];
  if (old.status?.currentVolumeAttributesClassName == null) return [];
  const to = wanted === '' ? 'empty string' : 'nil';
  const message = `update to ${to} is forbidden when status.currentVolumeAttributesClassName is not nil`;
  return [forbidden('spec.volumeAttributesClassName', message)];
}
