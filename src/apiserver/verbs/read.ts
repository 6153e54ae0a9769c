import type { List } from '../../api/api.ts';
import { refuse } from '../../api/status.ts';
import { isCode } from '../../lib/errors.ts';
import type { KubeObject } from '../../model/object.ts';
import type { Encoding } from '../wire/reply/encoding.ts';
import type { Reply } from '../wire/reply/reply.ts';
import { encodingOf } from '../wire/reply/wanted-encoding.ts';
import { type Call, count, noSuchResource, notFound, selectorsOf } from './call.ts';

/** GET of one object. */
export async function getObject(call: Call): Promise<Reply> {
  const { api, kind, namespace, name = '', subresource } = call;
  if (subresource !== undefined && !(subresource === 'status' && kind.hasStatus)) noSuchResource();
  const encoding = await encodingOf(call);
  const object = (await api.get(kind, { namespace, name })) ?? notFound(call);
  return objectReply(encoding, object, 200);
}

/** An object as a reply. */
export function objectReply(encoding: Encoding, object: KubeObject, code: number): Reply {
  return { code, body: encoding.object(object), type: encoding.type };
}

/** GET of a collection. */
export async function listObjects(call: Call): Promise<Reply> {
  const { api, kind, namespace, query } = call;
  const encoding = await encodingOf(call);
  count(query, 'timeoutSeconds');
  checkVersion(query, api.resourceVersion);
  const options = {
    namespace,
    ...selectorsOf(call),
    limit: count(query, 'limit'),
    continue: query.get('continue') || undefined,
  };
  const list = await api.list(kind, options).catch(expired);
  return listReply(encoding, list);
}

/** A list as a reply. */
export function listReply(encoding: Encoding, list: List<KubeObject>): Reply {
  return { code: 200, body: () => encoding.list(list), type: encoding.type };
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
