import type { Api } from '../../api/api.ts';
import type { EmbeddedApi } from '../../api/embedded/embedded-api.ts';
import type { Reader, WatchOptions } from '../../api/embedded/reading/watch.ts';
import type { About } from '../../api/status.ts';
import { refuse } from '../../api/status.ts';
import { type Kind, resourceOf } from '../../model/kind.ts';
import type { KubeObject } from '../../model/object.ts';
import type { Admitted } from '../access/admission.ts';
import type { User } from '../access/authentication.ts';
import type { Attributes } from '../access/authorization.ts';
import type { FieldValidation } from '../wire/body/decoding.ts';
import type { ApiRequest } from '../wire/exchange.ts';

/** What the verbs need of the API: that of the store, or of a view of it. */
export interface ServedApi extends Pick<EmbeddedApi, 'get' | 'list' | 'update' | 'json' | 'resourceVersion'> {
  readonly fromOutside: Pick<Api, 'create' | 'update' | 'updateStatus' | 'patch' | 'delete'>;
  reader<T extends KubeObject>(kind: Kind<T>, options: WatchOptions): Pick<Reader<T>, 'next' | 'wait' | 'bookmark'>;
}

/** One request about objects of a kind, past authentication and authorization. */
export interface Call {
  readonly api: ServedApi;
  readonly request: ApiRequest;
  readonly query: URLSearchParams;
  readonly user: User;
  /** Throws if the user may not do something else that the request turns out to be. */
  readonly permit: (attributes: Attributes) => void;
  readonly kind: Kind;
  readonly namespace: string | undefined;
  /** Undefined for the whole collection. */
  readonly name: string | undefined;
  readonly subresource: string | undefined;
  /** What the client should tell its user, whether the request succeeds or not. */
  readonly warnings: string[];
  readonly admitted: Admitted;
}

/** What a call is about, for the details of a Status. */
export function aboutOf({ kind, name }: Pick<Call, 'kind' | 'name'>): About {
  return { group: kind.group, plural: kind.plural, kind: kind.kind, name };
}

/** Says that the object is not there. */
export function notFound({ kind, name = '' }: Pick<Call, 'kind' | 'name'>): never {
  const details = { name, ...(kind.group ? { group: kind.group } : {}), kind: kind.plural };
  return refuse(404, 'NotFound', `${resourceOf(kind)} "${name}" not found`, details);
}

/** Says that nothing is served at a path. */
export function noSuchResource(): never {
  return refuse(404, 'NotFound', 'the server could not find the requested resource', {});
}

/** Says that the resource can't be used in that way. */
export function methodNotAllowed(): never {
  return refuse(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {});
}

const optionKinds: Readonly<Record<string, string>> = {
  POST: 'CreateOptions',
  PUT: 'UpdateOptions',
  PATCH: 'PatchOptions',
  DELETE: 'DeleteOptions',
};

/** Says that an option of a write has a value that it can't have. */
export function refuseOption({ request }: Pick<Call, 'request'>, field: string, message: string): never {
  const group = 'meta.k8s.io';
  const kind = optionKinds[request.method ?? ''] ?? 'ListOptions';
  const causes = [{ reason: 'FieldValueNotSupported', message, field }];
  return refuse(422, 'Invalid', `${kind}.${group} "" is invalid: ${field}: ${message}`, { group, kind, causes });
}

/** True if the write is only to be tried: `dryRun=All`. */
export function dryRunOf({ query, request }: Pick<Call, 'query' | 'request'>): boolean {
  const values = query.getAll('dryRun').filter((value) => value !== '');
  if (values.every((value) => value === 'All')) return values.length > 0;
  return refuseOption({ request }, 'dryRun', `Unsupported value: ${JSON.stringify(values)}: supported values: "All"`);
}

/** What a write does about fields that the kind does not know. */
export function fieldValidationOf({ query, request }: Pick<Call, 'query' | 'request'>): FieldValidation {
  const value = query.get('fieldValidation') || 'Warn';
  if (value === 'Strict' || value === 'Warn' || value === 'Ignore') return value;
  const message = `Unsupported value: "${value}": supported values: "", "Ignore", "Strict", "Warn"`;
  return refuseOption({ request }, 'fieldValidation', message);
}

/** A query parameter that is a boolean, as Go parses one. */
export function flag(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  return value !== null && value !== '0' && value.toLowerCase() !== 'false';
}

/** A query parameter that is a whole number; undefined if it is not there. */
export function count(query: URLSearchParams, name: string): number | undefined {
  const value = query.get(name);
  if (value === null || value === '') return undefined;
  return /^\d+$/.test(value) ? Number(value) : refuse(400, 'BadRequest', `${name}: "${value}" is not a whole number`);
}

/** Both selectors of a request. */
export function selectorsOf({ query, name }: Pick<Call, 'query' | 'name'>) {
  const byName = name === undefined ? undefined : `metadata.name=${name}`;
  return {
    labelSelector: query.get('labelSelector') ?? undefined,
    fieldSelector: [query.get('fieldSelector'), byName].filter(Boolean).join(',') || undefined,
  };
}
