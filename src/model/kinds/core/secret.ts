import * as z from 'zod';
import { own } from '../../../lib/own.ts';
import { errorsOfEach, forbidden, immutable, invalid, required, same, tooLong } from '../../field-errors.ts';
import type { FieldError } from '../../kind.ts';
import { dataKeyErrors } from '../../names.ts';
import { objectMeta, stringMap } from '../../object.ts';
import { column, defineKind } from '../define.ts';
import { metadataMergeKeys } from '../shared.ts';

const schema = z.object({
  apiVersion: z.literal('v1'),
  kind: z.literal('Secret'),
  metadata: objectMeta,
  type: z.string().optional(),
  immutable: z.boolean().optional(),
  data: z
    .record(
      z.string(),
      z
        .string()
        .nullable()
        .transform((text) => text ?? ''),
    )
    .optional(),
  stringData: stringMap.optional(),
});
export type Secret = z.infer<typeof schema>;

/** Secret, as core/v1 has it. */
export const secrets = defineKind<Secret>({
  group: '',
  version: 'v1',
  kind: 'Secret',
  plural: 'secrets',
  namespaced: true,
  description: 'Something that only those who need it may read.',
  schema: schema as z.ZodType<Secret>,
  mergeKeys: metadataMergeKeys,
  selectable: { type: (secret) => secret.type ?? '' },
  prepare,
  validate: (secret, old) => [
    ...dataErrors(secret.data ?? {}),
    ...typeErrors(secret),
    ...(old ? [...immutable('type', secret.type, old.type), ...frozenErrors(secret, old, ['data'])] : []),
  ],
  columns: [
    column('Type', 'What it holds.', (secret) => secret.type ?? ''),
    column('Data', 'How many entries.', (secret) => Object.keys(secret.data ?? {}).length),
  ],
});

/** The largest that the values of a Secret or ConfigMap may be together, in bytes. */
export const largestData = 1024 * 1024;

function prepare(secret: Secret): void {
  secret.type ||= 'Opaque';
  if (!secret.stringData) return;
  const encoded = Object.entries(secret.stringData).map(([key, text]) => [key, Buffer.from(text).toString('base64')]);
  secret.data = { ...secret.data, ...Object.fromEntries(encoded) };
  delete secret.stringData;
}

function dataErrors(data: Readonly<Record<string, string>>): FieldError[] {
  const errors = errorsOfEach(Object.entries(data), ([key, value]) => [
    ...dataKeyErrors(key).map((error) => invalid(`data[${key}]`, key, error)),
    ...base64Errors(`data[${key}]`, value),
  ]);
  const size = Object.values(data).reduce((sum, value) => sum + Buffer.byteLength(value, 'base64'), 0);
  return size > largestData ? [...errors, tooLong('data', largestData)] : errors;
}

/** What is wrong with a value that has to be base64. The value itself stays out of the message: it may be secret. */
export function base64Errors(field: string, value: string): FieldError[] {
  const compact = value.replace(/[\r\n]/g, '');
  return compact.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(compact)
    ? []
    : [invalid(field, '<redacted>', 'must be base64; write plain text under stringData instead')];
}

const neededKeys: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
};

function typeErrors({ type = '', data = {}, metadata }: Secret): FieldError[] {
  if (type === 'kubernetes.io/service-account-token') {
    const key = 'kubernetes.io/service-account.name';
    return metadata.annotations?.[key] ? [] : [required(`metadata.annotations[${key}]`)];
  }
  if (type === 'kubernetes.io/basic-auth') {
    return own(data, 'username') !== undefined || own(data, 'password') !== undefined
      ? []
      : [required('data[username]'), required('data[password]')];
  }
  return (own(neededKeys, type) ?? [])
    .filter((key) => own(data, key) === undefined)
    .map((key) => required(`data[${key}]`));
}

/** What may not change any more in something that says of itself that it is immutable. */
export function frozenErrors<T extends { immutable?: boolean | undefined }>(
  object: T,
  old: T,
  fields: readonly (keyof T & string)[],
): FieldError[] {
  if (!old.immutable) return [];
  const message = 'field is immutable when `immutable` is set';
  const changed = fields.filter((field) => !same(object[field], old[field]));
  return [...(object.immutable ? [] : ['immutable']), ...changed].map((field) => forbidden(field, message));
}
