import * as z from 'zod';
import { own } from '../../../lib/own.ts';
import { invalid, notSupported, required } from '../../../model/field-errors.ts';
import type { FieldError, Kind } from '../../../model/kind.ts';
import { type KubeObject, objectMeta } from '../../../model/object.ts';
import { definitionOf, hasTooManyFaults, type Inner } from '../faults.ts';
import { isRecord } from '../frozen.ts';
import { InvalidObject } from './invalid-object.ts';

/** The object as its kind's schema types it. Throws InvalidObject with the fields that do not fit. */
export function parseObject<T extends KubeObject>(kind: Kind<T>, object: unknown, name: string): T {
  return parse(kind.schema, kind, object, name);
}

/** The same for metadata alone, for those who look at it before the whole object is parsed. */
export function checkMetadata(kind: About, metadata: KubeObject['metadata']): void {
  // It may be of any type yet.
  const name: unknown = metadata.name;
  parse(metadataAlone, kind, { metadata }, typeof name === 'string' ? name : '');
}

const metadataAlone = z.object({ metadata: objectMeta });

type About = Pick<Kind, 'group' | 'kind' | 'mergeKeys'>;

function parse<T>(schema: z.ZodType<T>, kind: About, object: unknown, name: string): T {
  if (hasTooManyFaults(schema, object)) {
    const message = 'more than a hundred of its parts do not fit: look at the types of its lists and maps';
    throw new InvalidObject(kind, name, [invalid('<object>', '…', message)], { undecodable: isBuiltIn(kind) });
  }
  const result = schema.safeParse(object);
  if (result.success) return result.data;
  const { issues } = result.error;
  if (isBuiltIn(kind) && isRecord(object) && issues.some(({ path }) => path.join('.') === 'spec') && !object['spec']) {
    // There, what is missing is empty, and each thing that it lacks is said.
    return parse(schema, kind, { ...object, spec: {} }, name);
  }
  throw new InvalidObject(
    kind,
    name,
    issues.map((issue) => fieldErrorOf(issue, object, kind, schema)),
    { undecodable: isBuiltIn(kind) && issues.some((issue) => isOfWrongType(issue, object)) },
  );
}

/** Kubernetes checks its own kinds by hand, and those that CRDs define by their schema: their words differ. */
function isBuiltIn({ mergeKeys }: About): boolean {
  return mergeKeys !== undefined;
}

/** A text for a number, or a size that is none; what is missing is of every type. */
function isOfWrongType({ code, path, message }: z.core.$ZodIssue, object: unknown): boolean {
  const value = at(object, path);
  if (value === undefined || value === null) return false;
  return code === 'invalid_type' || code === 'invalid_union' || message.startsWith('is not a quantity');
}

function fieldErrorOf(issue: z.core.$ZodIssue, object: unknown, kind: About, schema: Inner): FieldError {
  const field = fieldName(issue.path, schema) || '<object>';
  const value = at(object, issue.path);
  if (value === undefined || value === null) return required(field);
  if (kind.kind === 'Secret' && /^(?:data|stringData)/.test(field)) return invalid(field, '<redacted>', issue.message);
  if (issue.code !== 'invalid_value') return invalid(field, value, issue.message);
  const values = issue.values.map(String);
  if (!isBuiltIn(kind)) return notSupported(field, value, values);
  return field.endsWith('.operator')
    ? invalid(field, value, 'not a valid selector operator')
    : notSupported(field.replace(/\[\d+\]$/, ''), value, values.toSorted());
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((it, key) => (isRecord(it) ? own(it, String(key)) : undefined), value);
}

/** A path as Kubernetes writes it: indexes and the keys of maps in brackets, `spec.resources.requests[storage]`. */
function fieldName(path: readonly PropertyKey[], schema: Inner): string {
  let text = '';
  let below: Inner | undefined = schema;
  for (const key of path.map(String)) {
    const definition = definitionOf(below);
    if (definition?.type === 'record') {
      text += `[${key}]`;
      below = definition.valueType;
    } else if (definition?.type === 'array') {
      text += `[${key}]`;
      below = definition.element;
    } else {
      text += text === '' ? key : `.${key}`;
      below = own(definition?.shape, key);
    }
  }
  return text;
}
