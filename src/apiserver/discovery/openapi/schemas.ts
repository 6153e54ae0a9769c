import { isDeepStrictEqual } from 'node:util';
import type { Kind } from '../../../model/kind.ts';
import { metadataMergeKeys } from '../../../model/kinds/shared.ts';
import { messageNameOf } from '../../wire/protobuf/message-names.ts';
import { type JsonSchema, jsonSchemaOf } from '../kind-schema.ts';
import { messageTexts } from './kubernetes-fields.ts';

/** Schemas by the names by which others refer to them. */
export type Schemas = Record<string, JsonSchema>;

/** A group, version and kind, as schemas and operations name what they are about. */
export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

const metaMessage = 'k8s.io.apimachinery.pkg.apis.meta.v1.ObjectMeta';
const quantityName = 'io.k8s.apimachinery.pkg.api.resource.Quantity';
const quantity: JsonSchema = {
  description: 'An amount: a number with a suffix such as Gi, M or m.',
  oneOf: [{ type: 'string' }, { type: 'number' }],
};

/** The name of a kind's schema: for Kubernetes' own kinds theirs, so that tools know it. */
export function schemaName(kind: GroupVersionKind & Partial<Pick<Kind, 'mergeKeys'>>): string {
  if (kind.mergeKeys) return nameOfMessage(messageNameOf(kind));
  return `${kind.group.split('.').reverse().join('.')}.${kind.version}.${kind.kind}`;
}

/** How a schema refers to another one. */
export function referTo(name: string): JsonSchema {
  return { $ref: `#/components/schemas/${name}` };
}

/** The schema of a kind and of all that it refers to, as OpenAPI 3 has them. */
export function addSchemas(kind: Kind, schemas: Schemas): void {
  const { mergeKeys = {} } = kind;
  const builtIn = kind.mergeKeys !== undefined;
  const whole = jsonSchemaOf(kind);
  const { metadata, apiVersion: _version, kind: _kind, ...properties } = whole.properties ?? {};
  const context: Context = { schemas, mergeKeys, builtIn };
  // The same for all kinds, in whichever document it stands.
  define(metaMessage, metadata ?? {}, 'metadata', { schemas, mergeKeys: metadataMergeKeys, builtIn: true });
  const message = builtIn ? messageNameOf(kind) : undefined;
  const texts = message === undefined ? undefined : messageTexts[message];
  const required = (whole.required ?? []).filter((name) => properties[name] !== undefined);
  schemas[schemaName(kind)] = {
    type: 'object',
    description: [texts?.description, kind.description].filter(Boolean).join('\n\n'),
    properties: {
      apiVersion: { type: 'string', description: 'Group and version of the object.' },
      kind: { type: 'string', description: 'Kind of the object.' },
      metadata: {
        description: 'Name, namespace, labels, annotations and owners.',
        allOf: [referTo(nameOfMessage(metaMessage))],
        default: {},
      },
      ...propertiesOf({ properties }, message, '', context),
    },
    ...(required.length > 0 ? { required } : {}),
    'x-kubernetes-group-version-kind': [{ group: kind.group, version: kind.version, kind: kind.kind }],
  };
}

interface Context {
  readonly schemas: Schemas;
  readonly mergeKeys: Readonly<Record<string, string>>;
  readonly builtIn: boolean;
}

function nameOfMessage(message: string): string {
  return message.replace(/^k8s\.io\./, 'io.k8s.');
}

/** Makes a message's schema one that can be referred to. False if another one has its name, since it has other fields. */
function define(message: string, schema: JsonSchema, path: string, context: Context): boolean {
  const name = nameOfMessage(message);
  const { description: _description, ...own } = convert(schema, undefined, path, context);
  const { description } = messageTexts[message] ?? {};
  const properties = propertiesOf(schema, message, path, context);
  const made: JsonSchema = { ...(description ? { description } : {}), ...own, properties };
  const known = context.schemas[name];
  context.schemas[name] ??= made;
  return known === undefined || isDeepStrictEqual(known, made);
}

function propertiesOf(schema: JsonSchema, message: string | undefined, path: string, context: Context): Schemas {
  const { fields = {} } = (message && messageTexts[message]) || {};
  return Object.fromEntries(
    Object.entries(schema.properties ?? {}).map(([name, child]) => {
      const [description, inner] = fields[name] ?? [];
      const converted = convert(child, inner, path === '' ? name : `${path}.${name}`, context);
      const told = {
        ...(description ? { description } : {}),
        ...(child.description ? { description: child.description } : {}),
      };
      if (!converted.$ref) return [name, { ...converted, ...told }];
      return [name, { ...told, allOf: [converted] }];
    }),
  );
}

/** One schema, in Kubernetes' words: quantities are texts, integers have 64 bits, and lists say how patches merge them. */
function convert(schema: JsonSchema, message: string | undefined, path: string, context: Context): JsonSchema {
  const { minimum, maximum, properties, items, additionalProperties, anyOf, ...rest } = schema;
  if (schema.format === 'quantity') {
    if (context.builtIn) {
      context.schemas[quantityName] = quantity;
      return referTo(quantityName);
    }
    return { ...(schema.description ? { description: schema.description } : {}), type: 'string', format: 'quantity' };
  }
  const [only, ...others] = (anyOf ?? []).filter(({ type }) => type !== 'null');
  if (only && others.length === 0) {
    const inner = convert(only, message, path, context);
    return inner.$ref ? inner : { ...inner, ...rest };
  }
  if (properties && message && messageTexts[message] && define(message, schema, path, context))
    return referTo(nameOfMessage(message));
  const whole = schema.type === 'integer';
  return {
    ...rest,
    ...(whole ? { format: 'int64' } : {}),
    ...(message && timeMessages.has(message) ? { format: 'date-time' } : {}),
    ...(minimum === undefined || (whole && minimum === Number.MIN_SAFE_INTEGER) ? {} : { minimum }),
    ...(maximum === undefined || (whole && maximum === Number.MAX_SAFE_INTEGER) ? {} : { maximum }),
    ...(items ? { items: convert(items, message, path, context), ...mergingOf(path, context) } : {}),
    ...(anyOf ? { anyOf: anyOf.map((one) => convert(one, message, path, context)) } : {}),
    ...(typeof additionalProperties === 'object' && Object.keys(additionalProperties).length > 0
      ? { additionalProperties: convert(additionalProperties, message, path, context) }
      : {}),
    ...(properties ? { properties: propertiesOf(schema, message, path, context) } : {}),
  };
}

const timeMessages = new Set(['Time', 'MicroTime'].map((name) => `k8s.io.apimachinery.pkg.apis.meta.v1.${name}`));

/** Without these, kubectl replaces a list where the server merges it. */
function mergingOf(path: string, { mergeKeys, builtIn }: Context): JsonSchema {
  const key = builtIn && Object.hasOwn(mergeKeys, path) ? mergeKeys[path] : undefined;
  if (key === undefined) return {};
  return { 'x-kubernetes-patch-strategy': 'merge', ...(key === '' ? {} : { 'x-kubernetes-patch-merge-key': key }) };
}
