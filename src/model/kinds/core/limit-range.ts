import * as z from 'zod';
import { errorsOfEach, invalid, required } from '../../field-errors.ts';
import type { FieldError } from '../../kind.ts';
import { objectMeta } from '../../object.ts';
import { compareQuantities } from '../../quantity.ts';
import { column, defineKind, nameColumn } from '../define.ts';
import { capacity, metadataMergeKeys } from '../shared.ts';

const limit = z.object({
  type: z.string(),
  max: capacity.optional(),
  min: capacity.optional(),
  default: capacity.optional(),
  defaultRequest: capacity.optional(),
  maxLimitRequestRatio: capacity.optional(),
});
const schema = z.object({
  apiVersion: z.literal('v1'),
  kind: z.literal('LimitRange'),
  metadata: objectMeta,
  spec: z.object({ limits: z.array(limit) }).optional(),
});
export type LimitRange = z.infer<typeof schema>;

/** LimitRange, as core/v1 has it. */
export const limitRanges = defineKind<LimitRange>({
  group: '',
  version: 'v1',
  kind: 'LimitRange',
  plural: 'limitranges',
  shortNames: ['limits'],
  namespaced: true,
  description: 'How small and how large one claim of a namespace may be.',
  schema: schema as z.ZodType<LimitRange>,
  mergeKeys: metadataMergeKeys,
  validate: ({ spec }) => errorsOfEach(spec?.limits ?? [], limitErrors),
  table: [
    nameColumn<LimitRange>(),
    column<LimitRange>('Created At', 'When it was made.', ({ metadata }) => metadata.creationTimestamp ?? ''),
  ],
});

function limitErrors({ type, min = {}, max = {} }: z.infer<typeof limit>, index: number): FieldError[] {
  const at = `spec.limits[${index}]`;
  if (type === 'PersistentVolumeClaim' && min['storage'] === undefined && max['storage'] === undefined) {
    const why = 'either minimum or maximum storage value is required, but neither was provided';
    return [required(at, why)];
  }
  return Object.keys(min).flatMap((name) => {
    const [least, most] = [min[name], max[name]];
    if (least === undefined || most === undefined || compareQuantities(least, most) <= 0) return [];
    return [invalid(`${at}.min[${name}]`, least, `min value ${least} is greater than max value ${most}`)];
  });
}
