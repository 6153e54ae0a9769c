import * as z from 'zod';
import { own } from '../../../lib/own.ts';
import { errorsOfEach, invalid, tooLong } from '../../field-errors.ts';
import type { FieldError } from '../../kind.ts';
import { dataKeyErrors } from '../../names.ts';
import { objectMeta, stringMap } from '../../object.ts';
import { column, defineKind } from '../define.ts';
import { metadataMergeKeys } from '../shared.ts';
import { base64Errors, frozenErrors, largestData } from './secret.ts';

const schema = z.object({
  apiVersion: z.literal('v1'),
  kind: z.literal('ConfigMap'),
  metadata: objectMeta,
  immutable: z.boolean().optional(),
  data: stringMap.optional(),
  binaryData: stringMap.optional(),
});
export type ConfigMap = z.infer<typeof schema>;

/** ConfigMap, as core/v1 has it. */
export const configMaps = defineKind<ConfigMap>({
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  shortNames: ['cm'],
  namespaced: true,
  description: 'Settings that anybody may read.',
  schema: schema as z.ZodType<ConfigMap>,
  mergeKeys: metadataMergeKeys,
  validate: (map, old) => [...dataErrors(map), ...(old ? frozenErrors(map, old, ['data', 'binaryData']) : [])],
  columns: [
    column(
      'Data',
      'How many entries.',
      (map) => Object.keys(map.data ?? {}).length + Object.keys(map.binaryData ?? {}).length,
    ),
  ],
});

function dataErrors({ data = {}, binaryData = {} }: ConfigMap): FieldError[] {
  const texts = errorsOfEach(Object.keys(data), (key) => [
    ...dataKeyErrors(key).map((error) => invalid(`data[${key}]`, key, error)),
    ...(own(binaryData, key) !== undefined
      ? [invalid(`data[${key}]`, key, 'duplicate of key present in binaryData')]
      : []),
  ]);
  const binaries = errorsOfEach(Object.entries(binaryData), ([key, value]) => [
    ...dataKeyErrors(key).map((error) => invalid(`binaryData[${key}]`, key, error)),
    ...base64Errors(`binaryData[${key}]`, value),
  ]);
  const size =
    Object.keys(data).reduce((sum, key) => sum + Buffer.byteLength(own(data, key) ?? ''), 0) +
    Object.values(binaryData).reduce((sum, value) => sum + Buffer.byteLength(value, 'base64'), 0);
  return [...texts, ...binaries, ...(size > largestData ? [tooLong('', largestData)] : [])];
}
