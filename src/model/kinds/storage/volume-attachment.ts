import * as z from 'zod';
import { forbidden, immutable, required } from '../../field-errors.ts';
import type { FieldError } from '../../kind.ts';
import { objectMeta, stringMap } from '../../object.ts';
import { column, defineKind } from '../define.ts';
import { driverNameErrors, metadataMergeKeys, referenceNameErrors } from '../shared.ts';

const volumeError = z
  .object({
    time: z.string().nullish(),
    message: z.string().optional(),
    errorCode: z.number().int().min(0).nullish(),
  })
  .nullish();
const schema = z.object({
  apiVersion: z.literal('storage.k8s.io/v1'),
  kind: z.literal('VolumeAttachment'),
  metadata: objectMeta,
  spec: z.object({
    attacher: z.string(),
    nodeName: z.string(),
    source: z.object({
      persistentVolumeName: z.string().nullish(),
      inlineVolumeSpec: z.record(z.string(), z.unknown()).nullish(),
    }),
  }),
  status: z
    .object({
      attached: z.boolean(),
      attachmentMetadata: stringMap.optional(),
      attachError: volumeError,
      detachError: volumeError,
    })
    .optional(),
});
export type VolumeAttachment = z.infer<typeof schema>;

/** VolumeAttachment, as storage.k8s.io/v1 has it. */
export const volumeAttachments = defineKind<VolumeAttachment>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'VolumeAttachment',
  plural: 'volumeattachments',
  hasStatus: true,
  description: 'The wish to attach a volume to a node, and whether it is.',
  schema: schema as z.ZodType<VolumeAttachment>,
  mergeKeys: metadataMergeKeys,
  prepare: (it) => {
    it.status ??= { attached: false };
  },
  validate: ({ spec }, old) => [
    ...driverNameErrors('spec.attacher', spec.attacher),
    ...sourceErrors(spec.source),
    ...(spec.nodeName ? referenceNameErrors('spec.nodeName', spec.nodeName) : [required('spec.nodeName')]),
    ...(old ? immutable('spec', spec, old.spec) : []),
  ],
  columns: [
    column('Attacher', 'The driver.', (it) => it.spec.attacher),
    column('PV', 'The volume.', (it) => it.spec.source.persistentVolumeName ?? ''),
    column('Node', 'The node.', (it) => it.spec.nodeName),
    column('Attached', 'Whether it is.', (it) => it.status?.attached ?? false, { type: 'boolean' }),
  ],
});

function sourceErrors(source: VolumeAttachment['spec']['source']): FieldError[] {
  const { persistentVolumeName: name, inlineVolumeSpec: inline } = source;
  const one = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName';
  if (name == null && inline == null) return [required('spec.source', one)];
  if (name != null && inline != null) return [forbidden('spec.source', one)];
  if (name === '') return [required('spec.source.persistentVolumeName', 'must specify non empty persistentVolumeName')];
  return referenceNameErrors('spec.source.persistentVolumeName', name);
}
