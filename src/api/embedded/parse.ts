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
  throw new InvalidObject(
    kind,
    name,
    result.error.issues.map((issue) => fieldErrorOf(issue, object, kind.schema)),
  );
}

function fieldErrorOf(issue: z.core.$ZodIssue, object: unknown, schema: z.ZodType): FieldError {
  const field = fieldName(issue.path, schema) || '<object>';
  const value = at(object, issue.path);
  if (value === undefined || value === null) return required(field);
  return issue.code === 'invalid_value'
    ? notSupported(field, value, issue.values.map(String))
    : invalid(field, value, issue.message);
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
