import { createHash } from 'node:crypto';
import { apiVersionOf, type Kind } from '../../model/kind.ts';
import { type JsonSchema, jsonSchemaOf } from './kind-schema.ts';
import { gitVersion } from './version.ts';

const objectMetaName = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';

/** `api/v1`, `apis/GROUP/VERSION`: how OpenAPI v3 names a version of a group. */
export function openApiPathOf(kind: { group: string; version: string }): string {
  return kind.group ? `apis/${kind.group}/${kind.version}` : `api/${kind.version}`;
}

/** `/openapi/v3`: where the document of each group's version is. The hash lets clients keep what did not change. */
export function openApiIndex(kinds: readonly Kind[]): unknown {
  const paths = [...new Set(kinds.map(openApiPathOf))].map((path) => {
    const hash = createHash('sha256')
      .update(JSON.stringify(openApiDocument(kinds, path)))
      .digest('hex')
      .slice(0, 32);
    return [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` }];
  });
  return { paths: Object.fromEntries(paths) as unknown };
}

/** The OpenAPI v3 document of one version of a group; undefined if there is none. */
export function openApiDocument(kinds: readonly Kind[], path: string): unknown {
  const served = kinds.filter((kind) => openApiPathOf(kind) === path);
  const [first] = served;
  if (!first) return undefined;
  return {
    openapi: '3.0.0',
    info: { title: 'Moorage', version: gitVersion },
    paths: Object.assign({}, ...served.map(pathsOf)) as unknown,
    components: {
      schemas: {
        [objectMetaName]: {
          description: 'ObjectMeta is metadata that all objects have.',
          ...tidy(jsonSchemaOf(first).properties?.['metadata'] ?? {}),
        },
        ...(Object.assign({}, ...served.map((kind) => ({ [schemaName(kind)]: schemaOf(kind) }))) as object),
      },
    },
  };
}

function schemaName({ group, version, kind }: Kind): string {
  const reversed = (group || 'core.api.k8s.io').split('.').reverse().join('.');
  return `${reversed}.${version}.${kind}`;
}

function schemaOf(kind: Kind): unknown {
  const schema = tidy(jsonSchemaOf(kind));
  const properties = {
    ...schema.properties,
    apiVersion: { type: 'string', description: 'Group and version of the object.' },
    kind: { type: 'string', description: 'Kind of the object.' },
    metadata: {
      description: 'Name, namespace, labels, annotations and owners.',
      allOf: [{ $ref: `#/components/schemas/${objectMetaName}` }],
    },
  };
  const required = schema.required?.filter((name) => !['apiVersion', 'kind', 'metadata'].includes(name)) ?? [];
  return {
    ...schema,
    description: kind.description,
    properties,
    ...(required.length > 0 ? { required } : { required: undefined }),
    'x-kubernetes-group-version-kind': [gvk(kind)],
  };
}

function gvk({ group, version, kind }: Kind) {
  return { group, version, kind };
}

/** What JSON Schema says too exactly for people: quantities are texts, and integers have 64 bits. */
function tidy(schema: JsonSchema): JsonSchema {
  const { minimum, maximum, properties, items, additionalProperties, anyOf, ...rest } = schema;
  if (schema.format === 'quantity') {
    return { ...(schema.description ? { description: schema.description } : {}), type: 'string', format: 'quantity' };
  }
  const whole = schema.type === 'integer';
  return {
    ...rest,
    ...(whole ? { format: 'int64' } : {}),
    ...(minimum === undefined || (whole && minimum === Number.MIN_SAFE_INTEGER) ? {} : { minimum }),
    ...(maximum === undefined || (whole && maximum === Number.MAX_SAFE_INTEGER) ? {} : { maximum }),
    ...(items ? { items: tidy(items) } : {}),
    ...(anyOf ? { anyOf: anyOf.map(tidy) } : {}),
    ...(typeof additionalProperties === 'object' && Object.keys(additionalProperties).length > 0
      ? { additionalProperties: tidy(additionalProperties) }
      : {}),
    ...(properties
      ? { properties: Object.fromEntries(Object.entries(properties).map(([name, child]) => [name, tidy(child)])) }
      : {}),
  };
}

function pathsOf(kind: Kind): Readonly<Record<string, unknown>> {
  const root = `/${openApiPathOf(kind)}`;
  const collection = kind.namespaced ? `${root}/namespaces/{namespace}/${kind.plural}` : `${root}/${kind.plural}`;
  const inPath = [...(kind.namespaced ? [parameter('namespace', 'path')] : [])];
  const writable = kind.writable;
  return {
    ...(kind.namespaced ? { [`${root}/${kind.plural}`]: { get: operation(kind, 'list') } } : {}),
    [collection]: {
      parameters: inPath,
      get: operation(kind, 'list'),
      ...(writable ? { post: operation(kind, 'post'), delete: operation(kind, 'deletecollection') } : {}),
    },
    [`${collection}/{name}`]: {
      parameters: [parameter('name', 'path'), ...inPath],
      get: operation(kind, 'get'),
      ...(writable
        ? { put: operation(kind, 'put'), patch: operation(kind, 'patch'), delete: operation(kind, 'delete') }
        : {}),
    },
  };
}

type Action = 'list' | 'get' | 'post' | 'put' | 'patch' | 'delete' | 'deletecollection';

function operation(kind: Kind, action: Action): unknown {
  const schema = { $ref: `#/components/schemas/${schemaName(kind)}` };
  const content = { 'application/json': { schema } };
  return {
    description: `${action} ${kind.kind}, ${apiVersionOf(kind)}`,
    operationId: `${action}-${kind.group || 'core'}-${kind.version}-${kind.kind}`,
    parameters: parametersOf[action].map((name) => parameter(name, 'query')),
    ...(action === 'post' || action === 'put' ? { requestBody: { content } } : {}),
    ...(action === 'patch' ? { requestBody: { content: patchContent } } : {}),
    responses: { '200': { description: 'OK', content } },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': gvk(kind),
  };
}

/**
 * Strategic merge patches are taken too, but not announced: kubectl would make them from these schemas then, in which
 * lists have no merge keys. Not announced, it makes them from the types that it was built with.
 */
const patchContent = Object.fromEntries(
  ['application/json-patch+json', 'application/merge-patch+json'].map((type) => [type, { schema: { type: 'object' } }]),
);

const selecting = ['labelSelector', 'fieldSelector'];
const writing = ['dryRun', 'fieldManager', 'fieldValidation'];
const parametersOf: Readonly<Record<Action, readonly string[]>> = {
  list: [
    ...selecting,
    'limit',
    'continue',
    'resourceVersion',
    'resourceVersionMatch',
    'watch',
    'timeoutSeconds',
    'allowWatchBookmarks',
    'sendInitialEvents',
  ],
  get: [],
  post: writing,
  put: writing,
  patch: [...writing, 'force'],
  delete: ['dryRun', 'gracePeriodSeconds', 'propagationPolicy', 'orphanDependents'],
  deletecollection: [...selecting, 'dryRun', 'gracePeriodSeconds', 'propagationPolicy', 'orphanDependents'],
};

const numbers = new Set(['limit', 'timeoutSeconds', 'gracePeriodSeconds']);
const booleans = new Set(['watch', 'allowWatchBookmarks', 'sendInitialEvents', 'force', 'orphanDependents']);

function parameter(name: string, where: 'query' | 'path'): unknown {
  const type = numbers.has(name) ? 'integer' : booleans.has(name) ? 'boolean' : 'string';
  return { name, in: where, ...(where === 'path' ? { required: true } : {}), schema: { type } };
}
