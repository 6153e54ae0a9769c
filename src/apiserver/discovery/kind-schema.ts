import * as z from 'zod';
import type { Kind } from '../../model/kind.ts';

/** The part of JSON Schema that our kinds come out as. */
export interface JsonSchema {
  readonly type?: string;
  readonly format?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly [key: string]: unknown;
}

const schemas = new WeakMap<Kind, JsonSchema>();

/** A kind's schema as JSON Schema, as one may write its objects: made once. */
export function jsonSchemaOf(kind: Kind): JsonSchema {
  let schema = schemas.get(kind);
  if (!schema) {
    schema = z.toJSONSchema(kind.schema, {
      io: 'input',
      target: 'openapi-3.0',
      unrepresentable: 'any',
      reused: 'inline',
    }) as JsonSchema;
    schemas.set(kind, schema);
  }
  return schema;
}
