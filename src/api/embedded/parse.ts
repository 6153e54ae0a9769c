import type * as z from 'zod';
import type { FieldError, Kind } from '../../model/kind.ts';
import type { KubeObject } from '../../model/object.ts';
import { InvalidObject } from './invalid-object.ts';

/** The object as its kind's schema types it. Throws InvalidObject with each field that does not fit. */
export function parseObject<T extends KubeObject>(kind: Kind<T>, object: unknown, name: string): T {
  const result = kind.schema.safeParse(object);
  if (result.success) return result.data;
  throw new InvalidObject(
    kind,
    name,
    result.error.issues.map((issue) => fieldErrorOf(issue, kind.schema)),
  );
}

function fieldErrorOf(issue: z.core.$ZodIssue, schema: z.ZodType): FieldError {
  const field = fieldName(issue.path, schema) || '<object>';
  if (issue.code === 'invalid_type' && issue.message.endsWith('received undefined')) {
    return { field, reason: 'FieldValueRequired', message: 'must be given' };
  }
  if (issue.code === 'invalid_value') {
    const values = issue.values.map((value) => JSON.stringify(value)).join(', ');
    return { field, reason: 'FieldValueNotSupported', message: `supported values: ${values}` };
  }
  return { field, reason: 'FieldValueInvalid', message: issue.message };
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
  let at: Inner | undefined = schema;
  for (const key of path.map(String)) {
    const definition: Definition | undefined = definitionOf(at);
    if (definition?.type === 'record') {
      text += `[${key}]`;
      at = definition.valueType;
    } else if (definition?.type === 'array') {
      text += `[${key}]`;
      at = definition.element;
    } else {
      text += text === '' ? key : `.${key}`;
      at = definition?.shape?.[key];
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
