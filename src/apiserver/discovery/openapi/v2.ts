import type { JsonSchema } from '../kind-schema.ts';
import type { Operation, Parameter, PathItem } from './operations.ts';
import type { V3Document } from './v3.ts';

/** A parameter of OpenAPI 2: in the query or the path, or the body. */
export interface V2Parameter {
  readonly name: string;
  readonly in: 'query' | 'path' | 'body';
  readonly required?: boolean;
  readonly type?: string;
  readonly schema?: JsonSchema;
}

export interface V2Operation {
  readonly description: string;
  readonly operationId: string;
  readonly consumes?: readonly string[];
  readonly produces: readonly string[];
  readonly parameters: readonly V2Parameter[];
  readonly responses: Readonly<Record<string, { readonly description: string; readonly schema?: JsonSchema }>>;
  readonly [extension: `x-${string}`]: unknown;
}

export type V2PathItem = { readonly [method in keyof Omit<PathItem, 'parameters'>]: V2Operation } & {
  readonly parameters: readonly V2Parameter[];
};

export interface V2Document {
  readonly swagger: '2.0';
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, V2PathItem>>;
  readonly definitions: Readonly<Record<string, JsonSchema>>;
}

/** All documents of OpenAPI 3 as the one of OpenAPI 2 that clients of before Kubernetes 1.28 look into. */
export function v2Document(documents: readonly V3Document[]): V2Document {
  const paths = documents.flatMap((document) => Object.entries(document.paths));
  const schemas = documents.flatMap((document) => Object.entries(document.components.schemas));
  return {
    swagger: '2.0',
    info: documents[0]?.info ?? { title: 'Moorage', version: '' },
    paths: Object.fromEntries(paths.map(([path, item]) => [path, pathItemOf(item)])),
    definitions: Object.fromEntries(schemas.map(([name, schema]) => [name, v2Schema(schema)])),
  };
}

function pathItemOf({ parameters, ...operations }: PathItem): V2PathItem {
  const converted = Object.entries(operations).map(([method, operation]) => [method, operationOf(operation)]);
  return { ...(Object.fromEntries(converted) as object), parameters: parameters.map(parameterOf) };
}

function operationOf({ parameters, requestBody, responses, ...rest }: Operation): V2Operation {
  const body = Object.entries(requestBody?.content ?? {});
  const answers = Object.entries(responses).map(([code, { description, content }]) => {
    const schema = content['application/json']?.schema;
    return [code, { description, ...(schema ? { schema: v2Schema(schema) } : {}) }] as const;
  });
  return {
    ...rest,
    ...(body.length > 0 ? { consumes: body.map(([type]) => type) } : {}),
    produces: ['application/json', 'application/yaml'],
    parameters: [
      ...body
        .slice(0, 1)
        .map(([, { schema }]) => ({ name: 'body', in: 'body', required: true, schema: v2Schema(schema) }) as const),
      ...parameters.map(parameterOf),
    ],
    responses: Object.fromEntries(answers),
  };
}

function parameterOf({ schema, ...parameter }: Parameter): V2Parameter {
  return { ...parameter, ...(typeof schema.type === 'string' ? { type: schema.type } : {}) };
}

/**
 * A schema in the words that OpenAPI 2 has: where several forms are allowed, the first; nothing of what may be absent
 * or null. Clients take the fields that it names for all that there are: an object with open fields names none.
 */
export function v2Schema(schema: JsonSchema): JsonSchema {
  const { allOf, anyOf, oneOf, nullable: _nullable, properties, items, additionalProperties, $ref, ...rest } = schema;
  const [inner] = [allOf, anyOf, oneOf].flatMap((list) => (list ?? []) as readonly JsonSchema[]);
  if (inner) return { ...v2Schema(inner), ...rest };
  if (typeof $ref === 'string') return { ...rest, $ref: $ref.replace('#/components/schemas/', '#/definitions/') };
  const isOpen = typeof additionalProperties === 'object' && properties !== undefined;
  return {
    ...rest,
    ...(items ? { items: v2Schema(items) } : {}),
    ...(typeof additionalProperties === 'object' && !isOpen
      ? { additionalProperties: v2Schema(additionalProperties) }
      : {}),
    ...(properties && !isOpen
      ? { properties: Object.fromEntries(Object.entries(properties).map(([name, child]) => [name, v2Schema(child)])) }
      : {}),
  };
}
