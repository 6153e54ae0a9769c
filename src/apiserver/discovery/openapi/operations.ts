import type { Kind } from '../../../model/kind.ts';
import { apiVersionOf } from '../../../model/kind.ts';
import type { VirtualResource } from '../discovery.ts';
import type { JsonSchema } from '../kind-schema.ts';
import { type GroupVersionKind, referTo, schemaName } from './schemas.ts';

export interface Parameter {
  readonly name: string;
  readonly in: 'query' | 'path';
  readonly required?: boolean;
  readonly schema: JsonSchema;
}

type Content = Readonly<Record<string, { readonly schema: JsonSchema }>>;

export interface Operation {
  readonly description: string;
  readonly operationId: string;
  readonly parameters: readonly Parameter[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content: Content }>>;
  readonly [extension: `x-${string}`]: unknown;
}

type Method = 'get' | 'put' | 'post' | 'patch' | 'delete';
export type PathItem = { readonly [method in Method]?: Operation } & { readonly parameters: readonly Parameter[] };

/** `api/v1`, `apis/GROUP/VERSION`: how OpenAPI v3 names a version of a group. */
export function openApiPathOf(kind: { group: string; version: string }): string {
  return kind.group ? `apis/${kind.group}/${kind.version}` : `api/${kind.version}`;
}

/**
 * The paths of a kind's objects, with what can be done there. Kinds that can only be read have those for writing too:
 * without them, kubectl does not come to ask, and nobody is told what to use instead.
 */
export function pathsOf(kind: Kind): Readonly<Record<string, PathItem>> {
  const { collection, everywhere, inPath } = placesOf(kind);
  return {
    ...(kind.namespaced ? { [everywhere]: { parameters: [], get: operation(kind, 'list') } } : {}),
    [collection]: {
      parameters: inPath,
      get: operation(kind, 'list'),
      post: operation(kind, 'post'),
      delete: operation(kind, 'deletecollection'),
    },
    [`${collection}/{name}`]: {
      parameters: [parameter('name', 'path'), ...inPath],
      get: operation(kind, 'get'),
      put: operation(kind, 'put'),
      patch: operation(kind, 'patch'),
      delete: operation(kind, 'delete'),
    },
  };
}

/**
 * The path of what one may only create, and one for patches: kubectl asks those whether the server looks for unknown
 * fields, for creations too.
 */
export function virtualPathsOf(resource: VirtualResource): Readonly<Record<string, PathItem>> {
  const { collection, inPath } = placesOf(resource);
  return {
    [collection]: { parameters: inPath, post: operation(resource, 'post') },
    [`${collection}/{name}`]: {
      parameters: [parameter('name', 'path'), ...inPath],
      patch: operation(resource, 'patch'),
    },
  };
}

function placesOf(resource: Pick<VirtualResource, 'group' | 'version' | 'plural' | 'namespaced'>) {
  const root = `/${openApiPathOf(resource)}`;
  const everywhere = `${root}/${resource.plural}`;
  const { namespaced = false } = resource;
  const collection = namespaced ? `${root}/namespaces/{namespace}/${resource.plural}` : everywhere;
  return { everywhere, collection, inPath: namespaced ? [parameter('namespace', 'path')] : [] };
}

type Action = 'list' | 'get' | 'post' | 'put' | 'patch' | 'delete' | 'deletecollection';

function operation(kind: GroupVersionKind & Partial<Pick<Kind, 'mergeKeys'>>, action: Action): Operation {
  const schema = referTo(schemaName(kind));
  const content = { 'application/json': { schema } };
  return {
    description: `${action} ${kind.kind}, ${apiVersionOf(kind)}`,
    operationId: `${action}-${kind.group || 'core'}-${kind.version}-${kind.kind}`,
    parameters: parametersOf[action].map((name) => parameter(name, 'query')),
    ...(action === 'post' || action === 'put' ? { requestBody: { content } } : {}),
    ...(action === 'patch' ? { requestBody: { content: patchContent } } : {}),
    responses: { '200': { description: 'OK', content } },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': { group: kind.group, version: kind.version, kind: kind.kind },
  };
}

/**
 * Strategic merge patches are taken too, but not announced: not announced, kubectl makes them from the types that it was
 * built with, which know more than these schemas.
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

function parameter(name: string, where: 'query' | 'path'): Parameter {
  const type = numbers.has(name) ? 'integer' : booleans.has(name) ? 'boolean' : 'string';
  return { name, in: where, ...(where === 'path' ? { required: true } : {}), schema: { type } };
}
