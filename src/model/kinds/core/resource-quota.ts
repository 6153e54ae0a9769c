import * as z from 'zod';
import { own } from '../../../lib/own.ts';
import { errorsOfEach, immutable, invalid } from '../../field-errors.ts';
import type { FieldError } from '../../kind.ts';
import { qualifiedNameErrors } from '../../names.ts';
import { objectMeta } from '../../object.ts';
import { compareQuantities } from '../../quantity.ts';
import { column, defineKind } from '../define.ts';
import { capacity, metadataMergeKeys } from '../shared.ts';

const schema = z.object({
  apiVersion: z.literal('v1'),
  kind: z.literal('ResourceQuota'),
  metadata: objectMeta,
  spec: z
    .object({
      hard: capacity.optional(),
      scopes: z.array(z.string()).optional(),
      scopeSelector: z.record(z.string(), z.unknown()).nullish(),
    })
    .optional(),
  status: z.object({ hard: capacity.optional(), used: capacity.optional() }).optional(),
});
export type ResourceQuota = z.infer<typeof schema>;

/** ResourceQuota, as core/v1 has it. */
export const resourceQuotas = defineKind<ResourceQuota>({
  group: '',
  version: 'v1',
  kind: 'ResourceQuota',
  plural: 'resourcequotas',
  shortNames: ['quota'],
  namespaced: true,
  hasStatus: true,
  statusTakesMetadata: true,
  description: 'How much the claims of a namespace may ask for together.',
  schema: schema as z.ZodType<ResourceQuota>,
  mergeKeys: { ...metadataMergeKeys, 'spec.scopes': '' },
  validate: (quota, old) => [
    ...hardErrors(quota.spec?.hard ?? {}),
    ...(old ? immutable('spec.scopes', quota.spec?.scopes, old.spec?.scopes) : []),
  ],
  columns: [
    column('Request', 'What may be asked for: used/hard.', (quota) => usage(quota, (name) => !isLimit(name))),
    column('Limit', 'How far it may go: used/hard.', (quota) => usage(quota, isLimit)),
  ],
});

function hardErrors(hard: Readonly<Record<string, string>>): FieldError[] {
  return errorsOfEach(Object.entries(hard), ([name, value]) => [
    ...qualifiedNameErrors(name).map((error) => invalid(`spec.hard[${name}]`, name, error)),
    ...(compareQuantities(value, '0') < 0
      ? [invalid(`spec.hard[${name}]`, value, 'must be greater than or equal to 0')]
      : []),
  ]);
}

function isLimit(name: string): boolean {
  return name.startsWith('limits.');
}

function usage({ status }: ResourceQuota, wanted: (name: string) => boolean): string {
  return Object.entries(status?.hard ?? {})
    .filter(([name]) => wanted(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, hard]) => `${name}: ${own(status?.used, name) ?? '0'}/${hard}`)
    .join(', ');
}
