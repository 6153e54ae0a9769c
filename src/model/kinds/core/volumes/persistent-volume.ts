import * as z from 'zod';
import { timestamp } from '../../../../lib/clock.ts';
import { errorsOfEach, forbidden, invalid, notSupported, required, same } from '../../../field-errors.ts';
import type { FieldError } from '../../../kind.ts';
import { objectMeta } from '../../../object.ts';
import { column, defineKind } from '../../define.ts';
import {
  capacity,
  driverNameErrors,
  metadataMergeKeys,
  nodeSelector,
  nodeSelectorErrors,
  objectReference,
  positiveErrors,
  referenceNameErrors,
} from '../../shared.ts';
import { accessMode, accessModeErrors, shortModes, volumeMode } from './access-modes.ts';
import { type VolumeSourceName, volumeSourceNames, volumeSources } from './volume-sources.ts';

const sourceFields = z.object(volumeSources).partial();
const schema = z.object({
  apiVersion: z.literal('v1'),
  kind: z.literal('PersistentVolume'),
  metadata: objectMeta,
  spec: z.object({
    capacity: capacity.optional(),
    accessModes: z.array(accessMode).optional(),
    claimRef: objectReference.nullish(),
    persistentVolumeReclaimPolicy: z.enum(['Retain', 'Delete', 'Recycle']).optional(),
    storageClassName: z.string().optional(),
    volumeMode: volumeMode.optional(),
    mountOptions: z.array(z.string()).optional(),
    nodeAffinity: z.object({ required: nodeSelector.optional() }).nullish(),
    volumeAttributesClassName: z.string().nullish(),
    ...sourceFields.shape,
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
export type PersistentVolume = z.infer<typeof schema>;
type Spec = PersistentVolume['spec'];

/** PersistentVolume, as core/v1 has it. Every volume source of Kubernetes is kept; csi, local and hostPath can be mounted. */
export const persistentVolumes = defineKind<PersistentVolume>({
  group: '',
  version: 'v1',
  kind: 'PersistentVolume',
  plural: 'persistentvolumes',
  shortNames: ['pv'],
  hasStatus: true,
  statusTakesMetadata: true,
  description: 'A piece of storage that a claim can be bound to.',
  schema: schema as z.ZodType<PersistentVolume>,
  mergeKeys: metadataMergeKeys,
  prepare,
  completeStatus,
  validate: (volume, old) => [...specErrors(volume.spec), ...(old ? updateErrors(volume.spec, old.spec) : [])],
  columns: [
    column('Capacity', 'Its size.', (volume) => volume.spec.capacity?.['storage'] ?? '0'),
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
      claimRef ? `${claimRef.namespace ?? ''}/${claimRef.name ?? ''}` : '',
    ),
    column('StorageClass', 'Its class.', (volume) => volume.spec.storageClassName ?? ''),
    column(
      'VolumeAttributesClass',
      'Its attributes class.',
      (volume) => volume.spec.volumeAttributesClassName ?? '<unset>',
    ),
    column('Reason', 'Why it is in this phase.', (volume) => volume.status?.reason ?? ''),
  ],
  columnsAfterAge: [
    column('VolumeMode', 'File system or raw block.', (volume) => volume.spec.volumeMode ?? '<unset>', { wide: true }),
  ],
});

/** What kind of volume it is: the name of the one source field that is set. Undefined if there is none. */
export function volumeSourceOf(volume: PersistentVolume): VolumeSourceName | undefined {
  return sourcesIn(volume.spec)[0];
}

function sourcesIn(spec: Spec): VolumeSourceName[] {
  return volumeSourceNames.filter((name) => spec[name] != null);
}

function prepare(volume: PersistentVolume): void {
  volume.status ??= {};
  if (!volume.status.phase) volume.status = { phase: 'Pending', lastPhaseTransitionTime: timestamp() };
  const { spec } = volume;
  if (!spec) return;
  spec.persistentVolumeReclaimPolicy ??= 'Retain';
  spec.volumeMode ??= 'Filesystem';
  if (spec.hostPath) spec.hostPath.type ??= '';
  if (spec.iscsi) spec.iscsi.iscsiInterface ??= 'default';
  if (spec.rbd) {
    spec.rbd.pool ??= 'rbd';
    spec.rbd.user ??= 'admin';
    spec.rbd.keyring ??= '/etc/ceph/keyring';
  }
}

/** Notes when the phase changed, unless the writer did. */
function completeStatus(volume: PersistentVolume, { status: before }: PersistentVolume): PersistentVolume {
  const { status } = volume;
  const isSame = status?.phase === before?.phase;
  const isNoted = status?.lastPhaseTransitionTime && status.lastPhaseTransitionTime !== before?.lastPhaseTransitionTime;
  return isSame || isNoted ? volume : { ...volume, status: { ...status, lastPhaseTransitionTime: timestamp() } };
}

function specErrors(spec: Spec): FieldError[] {
  const modes = spec.accessModes ?? [];
  const [, ...more] = sourcesIn(spec);
  return [
    ...(modes.length > 0 ? [] : [required('spec.accessModes')]),
    ...accessModeErrors('spec.accessModes', modes),
    ...capacityErrors(spec.capacity),
    ...affinityErrors(spec.nodeAffinity),
    ...more.map((name) => forbidden(`spec.${name}`, 'may not specify more than 1 volume type')),
    ...sourceErrors(spec),
    ...referenceNameErrors('spec.storageClassName', spec.storageClassName),
    ...attributesErrors(spec),
  ];
}

function capacityErrors(given: Readonly<Record<string, string>> | undefined): FieldError[] {
  const names = Object.keys(given ?? {}).sort();
  const capacity = given && Object.fromEntries(names.map((name) => [name, given[name] ?? '']));
  return [
    ...(names.length === 0 ? [required('spec.capacity')] : []),
    ...(names.length === 1 && names[0] === 'storage' ? [] : [notSupported('spec.capacity', capacity, ['storage'])]),
    ...errorsOfEach(Object.entries(capacity ?? {}), ([name, value]) => positiveErrors(`spec.capacity[${name}]`, value)),
  ];
}

function affinityErrors(affinity: Spec['nodeAffinity']): FieldError[] {
  if (!affinity) return [];
  if (!affinity.required) return [required('spec.nodeAffinity.required', 'must specify required node constraints')];
  return nodeSelectorErrors('spec.nodeAffinity.required', affinity.required);
}

function sourceErrors(spec: Spec): FieldError[] {
  const { csi, local, hostPath, nfs } = spec;
  if (sourcesIn(spec).length === 0) return [required('spec', 'must specify a volume type')];
  return [
    ...(csi ? driverNameErrors('spec.csi.driver', csi.driver) : []),
    ...(csi && !csi.volumeHandle ? [required('spec.csi.volumeHandle')] : []),
    ...(local ? pathErrors('spec.local.path', local.path) : []),
    ...(local && !spec.nodeAffinity ? [required('spec.nodeAffinity', 'Local volume requires node affinity')] : []),
    ...(nfs ? nfsErrors(nfs) : []),
    ...(hostPath ? pathErrors('spec.hostPath.path', hostPath.path) : []),
    ...(hostPath ? hostPathTypeErrors(hostPath.type) : []),
    ...(hostPath && /^[/.]*$/.test(hostPath.path) && spec.persistentVolumeReclaimPolicy === 'Recycle'
      ? [forbidden('spec.persistentVolumeReclaimPolicy', "may not be 'recycle' for a hostPath mount of '/'")]
      : []),
  ];
}

function nfsErrors({ server, path }: NonNullable<Spec['nfs']>): FieldError[] {
  return [
    ...(server ? [] : [required('spec.nfs.server')]),
    ...(path ? [] : [required('spec.nfs.path')]),
    ...(path.startsWith('/') ? [] : [invalid('spec.nfs.path', path, 'must be an absolute path')]),
  ];
}

function pathErrors(field: string, path: string): FieldError[] {
  if (!path) return [required(field)];
  return path.split('/').includes('..') ? [invalid(field, path, "must not contain '..'")] : [];
}

const hostPathTypes = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
];

function hostPathTypeErrors(type = ''): FieldError[] {
  return hostPathTypes.includes(type) ? [] : [notSupported('spec.hostPath.type', type, hostPathTypes)];
}

function attributesErrors({ volumeAttributesClassName: name, csi }: Spec): FieldError[] {
  if (name == null) return [];
  const field = 'spec.volumeAttributesClassName';
  return [
    ...(name === '' ? [required(field, 'an empty string is disallowed')] : referenceNameErrors(field, name)),
    ...(csi ? [] : [required('spec.csi', 'has to be specified when using volumeAttributesClassName')]),
  ];
}

function updateErrors(spec: Spec, old: Spec): FieldError[] {
  return [
    ...(sameSource(spec, old)
      ? []
      : [forbidden('spec.persistentvolumesource', 'spec.persistentvolumesource is immutable after creation')]),
    ...(same(spec.volumeMode, old.volumeMode) ? [] : [invalid('volumeMode', spec.volumeMode, 'field is immutable')]),
    ...(old.nodeAffinity && !same(spec.nodeAffinity, old.nodeAffinity)
      ? [invalid('nodeAffinity', spec.nodeAffinity, 'field is immutable')]
      : []),
    ...(old.volumeAttributesClassName != null && spec.volumeAttributesClassName == null
      ? [forbidden('spec.volumeAttributesClassName', 'update from non-nil value to nil is forbidden')]
      : []),
  ];
}

/** The source stays as it is; only a secret for expansion may be added to one that has none. */
function sameSource(spec: Spec, old: Spec): boolean {
  return volumeSourceNames.every((name) => {
    if (name !== 'csi' || !spec.csi || !old.csi || old.csi.controllerExpandSecretRef)
      return same(spec[name], old[name]);
    const { controllerExpandSecretRef: _, ...rest } = spec.csi;
    return same(rest, old.csi);
  });
}
