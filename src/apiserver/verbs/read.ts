import type { List } from '../../api/api.ts';
import { refuse } from '../../api/status.ts';
import { isCode } from '../../lib/errors.ts';
import { apiVersionOf } from '../../model/kind.ts';
import type { KubeObject } from '../../model/object.ts';
import { type Form, formOf } from '../wire/negotiation.ts';
import type { Reply } from '../wire/reply.ts';
import { metadataOnly, tableOf } from '../wire/table.ts';
import { type Call, count, noSuchResource, notFound, selectorsOf } from './call.ts';

/** GET of one object. */
export async function getObject(call: Call): Promise<Reply> {
  const { api, kind, namespace, name = '', subresource, request, query } = call;
  if (subresource !== undefined && !(subresource === 'status' && kind.hasStatus)) noSuchResource();
  const form = formOf(request, query);
  const object = (await api.get(kind, { namespace, name })) ?? notFound(call);
  return objectReply(call, object, 200, form);
}

/** An object in the form that the client wants. */
export function objectReply(
  call: Call,
  object: KubeObject,
  code: number,
  form = formOf(call.request, call.query),
): Reply {
  return inForm(form, code, objectText(call, object, form));
}

/** One object as text, in a form. */
export function objectText({ api, kind }: Pick<Call, 'api' | 'kind'>, object: KubeObject, form: Form): string {
  switch (form.as) {
    case 'object':
      return api.json(object);
    case 'metadata':
      return metadataOnly(object, form.version);
    case 'table': {
      const { resourceVersion } = object.metadata;
      return tableOf(kind, [object], { resourceVersion }, form.table, (it) => api.json(it));
    }
  }
}

/** GET of a collection. */
export async function listObjects(call: Call): Promise<Reply> {
  const { api, kind, namespace, query, request } = call;
  const form = formOf(request, query);
  checkVersion(query, api.resourceVersion);
  const options = {
    namespace,
    ...selectorsOf(call),
    limit: count(query, 'limit'),
    continue: query.get('continue') || undefined,
  };
  const list = await api.list(kind, options).catch(expired);
  return listReply(call, list, form);
}

/** A list in the form that the client wants. */
export function listReply({ api, kind }: Call, list: List<KubeObject>, form: Form): Reply {
  const { items, resourceVersion, remainingItemCount } = list;
  const metadata = { resourceVersion, continue: list.continue, remainingItemCount };
  const json = (object: KubeObject) => api.json(object);
  switch (form.as) {
    case 'table':
      return inForm(form, 200, () => tableOf(kind, items, metadata, form.table, json));
    case 'metadata':
      return inForm(form, 200, () =>
        listText(
          'PartialObjectMetadata',
          `meta.k8s.io/${form.version}`,
          metadata,
          items.map((item) => metadataOnly(item, form.version)),
        ),
      );
    case 'object':
      return inForm(form, 200, () => listText(kind.kind, apiVersionOf(kind), metadata, items.map(json)));
  }
}

function listText(kind: string, apiVersion: string, metadata: object, items: readonly string[]): string {
  return `{"kind":"${kind}List","apiVersion":"${apiVersion}","metadata":${JSON.stringify(metadata)},"items":[${items.join(',')}]}`;
}

function inForm(form: Form, code: number, body: Reply['body']): Reply {
  return form.yaml ? { code, body, type: 'application/yaml' } : { code, body };
}

/** A page of a list that is too old to be continued is `Expired`, not a server that is not ready. */
export function expired(error: unknown): never {
  if (isCode(error, 'not-ready')) refuse(410, 'Expired', error.message);
  throw error;
}

/**
 * The store always answers with the newest state, which satisfies every wish but two: that of an exact version that
 * is no longer the newest, and that of one that is yet to come.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions
 */
export function checkVersion(query: URLSearchParams, newest: string): void {
  const version = query.get('resourceVersion') ?? '';
  const match = query.get('resourceVersionMatch') ?? '';
  if (match !== '' && match !== 'Exact' && match !== 'NotOlderThan') {
    forbidden(`Unsupported value: "${match}": supported values: "Exact", "NotOlderThan", ""`);
  }
  if (version === '') {
    if (match !== '') forbidden('Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided');
    return;
  }
  if (!/^\d+$/.test(version))
    refuse(400, 'BadRequest', `resourceVersion: Invalid value: "${version}": it is not a number`);
  if (match !== '' && query.get('continue'))
    forbidden('Forbidden: resourceVersionMatch is forbidden when continue is provided');
  if (match === 'Exact' && version === '0')
    forbidden('Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"');
  if (match === 'Exact' && Number(version) < Number(newest))
    refuse(410, 'Expired', `The resourceVersion for the provided list is too old: ${version}, current: ${newest}`);
  if (Number(version) > Number(newest)) tooLarge(version, newest);
}

/** Says that a version is yet to come. */
export function tooLarge(version: string, newest: string): never {
  return refuse(504, 'Timeout', `Too large resource version: ${version}, current: ${newest}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  });
}

function forbidden(message: string): never {
  const field = 'resourceVersionMatch';
  return refuse(422, 'Invalid', `ListOptions.meta.k8s.io "" is invalid: ${field}: ${message}`, {
    causes: [{ reason: 'FieldValueForbidden', message, field }],
  });
}
