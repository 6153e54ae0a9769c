import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import type { JsonSchema } from '../kind-schema.ts';
import {
  DocumentSchema,
  type NamedAnySchema,
  type OperationSchema,
  type ParametersItemSchema,
  type SchemaSchema,
} from './protocol/openapiv2_pb.ts';
import type { V2Document, V2Operation, V2Parameter, V2PathItem } from './v2.ts';

/** The media types by which clients ask for the binary form, and the one that it is sent as. */
export const v2BinaryTypes = [
  'application/com.github.proto-openapi.spec.v2@v1.0+protobuf',
  'application/com.github.proto-openapi.spec.v2.v1.0+protobuf',
];

/** An OpenAPI 2 document in the binary form of https://github.com/google/gnostic-models. */
export function v2Binary({ swagger, info, paths, definitions }: V2Document): Uint8Array {
  const path = Object.entries(paths).map(([name, value]) => ({ name, value: pathItemOf(value) }));
  const document = { swagger, info, paths: { path }, definitions: { additionalProperties: namedSchemas(definitions) } };
  return toBinary(DocumentSchema, create(DocumentSchema, document));
}

function pathItemOf({ parameters, ...operations }: V2PathItem) {
  const converted = Object.entries(operations).map(([method, operation]) => [method, operationOf(operation)]);
  return { ...(Object.fromEntries(converted) as object), parameters: parameters.map(parameterOf) };
}

function operationOf(operation: V2Operation): MessageInitShape<typeof OperationSchema> {
  const { description, operationId, produces, consumes = [], parameters, responses } = operation;
  const responseCode = Object.entries(responses).map(([name, response]) => {
    const schema = response.schema && { oneof: { case: 'schema', value: schemaOf(response.schema) } as const };
    const value = { description: response.description, ...(schema ? { schema } : {}) };
    return { name, value: { oneof: { case: 'response', value } as const } };
  });
  return {
    description,
    operationId,
    produces: [...produces],
    consumes: [...consumes],
    parameters: parameters.map(parameterOf),
    responses: { responseCode },
    vendorExtension: extensionsOf(operation),
  };
}

function parameterOf(parameter: V2Parameter): MessageInitShape<typeof ParametersItemSchema> {
  const { name, in: place, required = false, type = 'string', schema = {} } = parameter;
  switch (place) {
    case 'body': {
      const value = { name, in: place, required, schema: schemaOf(schema) };
      return { oneof: { case: 'parameter', value: { oneof: { case: 'bodyParameter', value } } } };
    }
    case 'query': {
      const oneof = { case: 'queryParameterSubSchema', value: { in: place, name, type } } as const;
      return { oneof: { case: 'parameter', value: { oneof: { case: 'nonBodyParameter', value: { oneof } } } } };
    }
    case 'path': {
      const oneof = { case: 'pathParameterSubSchema', value: { required: true, in: place, name, type } } as const;
      return { oneof: { case: 'parameter', value: { oneof: { case: 'nonBodyParameter', value: { oneof } } } } };
    }
  }
}

function namedSchemas(schemas: Readonly<Record<string, JsonSchema>>) {
  return Object.entries(schemas).map(([name, schema]) => ({ name, value: schemaOf(schema) }));
}

function schemaOf(schema: JsonSchema): MessageInitShape<typeof SchemaSchema> {
  const { $ref, type, format = '', description = '', required = [], properties, items, additionalProperties } = schema;
  return {
    Ref: typeof $ref === 'string' ? $ref : '',
    format,
    description,
    required: [...required],
    enum: (schema.enum ?? []).map((value) => ({ yaml: JSON.stringify(value) })),
    ...(type ? { type: { value: [type] } } : {}),
    ...(items ? { items: { schema: [schemaOf(items)] } } : {}),
    ...(properties ? { properties: { additionalProperties: namedSchemas(properties) } } : {}),
    ...(typeof additionalProperties === 'object'
      ? { additionalProperties: { oneof: { case: 'schema', value: schemaOf(additionalProperties) } as const } }
      : {}),
    vendorExtension: extensionsOf(schema),
  };
}

/** YAML reads JSON. */
function extensionsOf(of: object): MessageInitShape<typeof NamedAnySchema>[] {
  return Object.entries(of)
    .filter(([name]) => name.startsWith('x-'))
    .map(([name, value]) => ({ name, value: { yaml: JSON.stringify(value) } }));
}
