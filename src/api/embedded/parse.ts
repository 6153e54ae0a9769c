import type * as z from 'zod';
import { invalid, notSupported, required } from '../../model/field-errors.ts';
import type { FieldError, Kind } from '../../model/kind.ts';
import type { KubeObject } from '../../model/object.ts';
import { isRecord } from './frozen.ts';
import { InvalidObject } from './invalid-object.ts';

/** The object as its kind's schema types it. Throws InvalidObject with each field that does not fit. */
export function parseObject<T extends KubeObject>(kind: Kind<T>, object: unknown, name: string): T {
  const result = kind.schema.safeParse(object);
  if (result.success) return result.data;
  const { issues } = result.error;
  if (isBuiltIn(kind) && isRecord(object) && issues.some(({ path }) => path.join('.') === 'spec') && !object['spec']) {
    // There, what is missing is empty, and each thing that it lacks is said.
    return parseObject(kind, { ...object, spec: {} }, name);
  }
  throw new InvalidObject(
    kind,
    name,
    issues.map((issue) => fieldErrorOf(issue, object, kind)),
    { undecodable: isBuiltIn(kind) && issues.some((issue) => isOfWrongType(issue, object)) },
  );
}

/** Kubernetes checks its own kinds by hand, and those that CRDs define by their schema: their words differ. */
function isBuiltIn({ mergeKeys }: Pick<Kind, 'mergeKeys'>): boolean {
  return mergeKeys !== undefined;
}

/** A text for a number, or a size that is none; what is missing is of every type. */
function isOfWrongType({ code, path, message }: z.core.$ZodIssue, object: unknown): boolean {
  const value = at(object, path);
  if (value === undefined || value === null) return false;
  return code === 'invalid_type' || message.startsWith('is not a quantity');
}

function fieldErrorOf(issue: z.core.$ZodIssue, object: unknown, kind: Pick<Kind, 'schema' | 'mergeKeys'>): FieldError {
  const field = fieldName(issue.path, kind.schema) || '<object>';
  const value = at(object, issue.path);
  if (value === undefined || value === null) return required(field);
  if (issue.code !== 'invalid_value') return invalid(field, value, issue.message);
  const values = issue.values.map(String);
  if (!isBuiltIn(kind)) return notSupported(field, value, values);
  return field.endsWith('.operator')
    ? invalid(field, value, 'not a valid selector operator')
    : notSupported(field.replace(/\[\d+\]$/, ''), value, values.toSorted());
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((it, key) => (isRecord(it) ? it[String(key)] : undefined), value);
}

interface Definition {
  readonly type: string;
  readonly innerType?: Inner;
  readonly shape?: Readonly<Record<string, Inner>>;
  readonly element?: Inner;
  readonly valueType?: Inner;
  readonly in?: Inner;
}
interface Inner {
  readonly _zod: { readonly def: unknown };
}

/** A path as Kubernetes writes it: indexes and the keys of maps in brackets, `spec.resources.requests[storage]`. */
function fieldName(path: readonly PropertyKey[], schema: Inner): string {
  let text = '';
  let below: Inner | undefined = schema;
  for (const key of path.map(String)) {
    const definition: Definition | undefined = definitionOf(below);
    if (definition?.type === 'record') {
      text += `[${key}]`;
      below = definition.valueType;
    } else if (definition?.type === 'array') {
      text += `[${key}]`;
      below = definition.element;
    } else {
      text += text === '' ? key : `.${key}`;
      below = definition?.shape?.[key];
    }
  }
  return text;
}

/** What a schema is beneath optional(), nullable(), default() and the like. */
function definitionOf(schema: Inner | undefined): Definition | undefined {
  const definition = schema?._zod.def as Definition | undefined;
  const inner = definition?.innerType ?? definition?.in;
  return inner ? definitionOf(inner) : definition;
}
