import * as z from 'zod';
import { forbidden, required, same } from '../../field-errors.ts';
import { objectMeta, stringMap } from '../../object.ts';
import { column, defineKind } from '../define.ts';
import { metadataMergeKeys } from '../shared.ts';
import { parameterErrors, provisionerErrors } from './storage-class.ts';

const schema = z.object({
  apiVersion: z.literal('storage.k8s.io/v1'),
  kind: z.literal('VolumeAttributesClass'),
  metadata: objectMeta,
  driverName: z.string(),
  parameters: stringMap.optional(),
});
export type VolumeAttributesClass = z.infer<typeof schema>;

/** VolumeAttributesClass, as storage.k8s.io/v1 has it. */
export const volumeAttributesClasses = defineKind<VolumeAttributesClass>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'VolumeAttributesClass',
  plural: 'volumeattributesclasses',
  shortNames: ['vac'],
  description: 'Attributes of a volume that may change while it lives.',
  schema: schema as z.ZodType<VolumeAttributesClass>,
  mergeKeys: metadataMergeKeys,
  validate: (it, old) => [
    ...provisionerErrors('driverName', it.driverName),
    ...parameterErrors('parameters', it.parameters ?? {}),
    ...(Object.keys(it.parameters ?? {}).length > 0
      ? []
      : [required('parameters', 'must contain at least one key/value pair')]),
    ...(['driverName', 'parameters'] as const)
      .filter((field) => old && !same(it[field], old[field]))
      .map((field) => forbidden(field, `updates to ${field} are forbidden.`)),
  ],
  columns: [column('DriverName', 'The driver.', (it) => it.driverName)],
});
