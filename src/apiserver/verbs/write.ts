import type { Patch, WriteOptions } from '../../api/api.ts';
import { InvalidObject } from '../../api/embedded/invalid-object.ts';
import { refuse, StatusError, statusOf } from '../../api/status.ts';
import { codeOf } from '../../lib/errors.ts';
import { namespaces } from '../../model/kinds/index.ts';
import type { KubeObject } from '../../model/object.ts';
import { type Body, mediaTypeOf, readBody, readObjectBody, unknownFormat } from '../wire/body.ts';
import { checkFields, checkPatchedFields, decodeObject, type FieldValidation } from '../wire/decoding.ts';
import type { Reply } from '../wire/reply.ts';
import { aboutOf, type Call, dryRunOf, fieldValidationOf, methodNotAllowed, noSuchResource, notFound } from './call.ts';
import { objectReply } from './read.ts';

/** POST to a collection. */
export async function createObject(call: Call): Promise<Reply> {
  const { api, kind } = call;
  const { object, warnings } = await decode(call);
  const created = await api.fromOutside
    .create(kind, object, { dryRun: dryRunOf(call) })
    .catch((error: unknown) => refuseNamed(error, call, object));
  return { ...objectReply(call, created, 201), warnings };
}

/** The path of a creation does not name the object, but what is said of it should. */
function refuseNamed(error: unknown, { kind }: Call, { metadata }: KubeObject): never {
  if (codeOf(error) === 'internal') throw error;
  refuseUndecodable(error, kind);
  throw new StatusError(statusOf(error, aboutOf({ kind, name: metadata.name || metadata.generateName })));
}

/** What can't be an object of the kind at all is a bad request, whatever else is wrong with it. */
function refuseUndecodable(error: unknown, { kind, version }: Call['kind']): void {
  if (!(error instanceof InvalidObject) || !error.undecodable) return;
  const fields = error.causes.map(({ field, message }) => `${field}: ${message}`).join(', ');
  refuse(400, 'BadRequest', `${kind} in version "${version}" cannot be handled as a ${kind}: ${fields}`);
}

/** PUT of an object, its status, or a namespace's finalizers. */
export async function replaceObject(call: Call): Promise<Reply> {
  const { api, kind, subresource } = call;
  const { object, warnings } = await decode(call);
  const options = { dryRun: dryRunOf(call) };
  const write = () => {
    if (subresource === undefined) return api.fromOutside.update(kind, object, options);
    if (subresource === 'status' && kind.hasStatus) return api.fromOutside.updateStatus(kind, object, options);
    if (subresource === 'finalize' && kind.group === '' && kind.plural === namespaces.plural)
      return finalize(call, object, options);
    return noSuchResource();
  };
  const written = await write().catch((error: unknown) => {
    refuseUndecodable(error, kind);
    throw error;
  });
  return { ...objectReply(call, written, 200), warnings };
}

/** Replaces the finalizers of a namespace's spec, which nothing else may do from outside. */
async function finalize(call: Call, object: unknown, options: WriteOptions) {
  const { api, name = '' } = call;
  const wanted = namespaces.schema.safeParse(object);
  if (!wanted.success) return refuse(400, 'BadRequest', 'the body is not a Namespace');
  const current = (await api.get(namespaces, { name })) ?? notFound(call);
  const { resourceVersion = current.metadata.resourceVersion } = wanted.data.metadata;
  const metadata = { ...current.metadata, ...(resourceVersion === undefined ? {} : { resourceVersion }) };
  return await api.update(
    namespaces,
    { ...current, metadata, spec: { finalizers: wanted.data.spec?.finalizers ?? [] } },
    options,
  );
}

async function decode(call: Call) {
  const { request, kind, namespace, name } = call;
  if (!kind.writable) methodNotAllowed();
  return decodeObject(await readObjectBody(request, kind), { kind, namespace, name }, fieldValidationOf(call));
}

const patchTypes: Readonly<Record<string, Patch['type']>> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
};

/** PATCH of an object or its status. */
export async function patchObject(call: Call): Promise<Reply> {
  const { api, kind, namespace, name = '', request, subresource } = call;
  if (!kind.writable) methodNotAllowed();
  if (subresource !== undefined && !(subresource === 'status' && kind.hasStatus)) noSuchResource();
  const type = patchTypeOf(call);
  const body = await readBody(request, (why) => `error decoding patch: ${why}`, Object.keys(patchTypes));
  const warnings = checkPatch(call, body, type, fieldValidationOf(call));
  const options = { dryRun: dryRunOf(call), ...(subresource === undefined ? {} : { subresource: 'status' as const }) };
  const patched = await api.fromOutside.patch(kind, { namespace, name }, { type, body: body.value }, options);
  return { ...objectReply(call, patched, 200), warnings };
}

function patchTypeOf({ request, kind }: Call): Patch['type'] {
  const media = mediaTypeOf(request);
  const allowed = Object.keys(patchTypes).filter(
    (type) => kind.mergeKeys !== undefined || patchTypes[type] !== 'strategic',
  );
  if (media.startsWith('application/apply-patch+')) {
    refuse(415, 'UnsupportedMediaType', 'server-side apply is not served yet: use kubectl apply without --server-side');
  }
  return allowed.includes(media) ? (patchTypes[media] ?? unknownFormat(allowed)) : unknownFormat(allowed);
}

function checkPatch(
  { kind, name, namespace }: Call,
  body: Body,
  type: Patch['type'],
  validation: FieldValidation,
): string[] {
  if (type === 'json') return checkPatchedFields(body, kind, validation);
  const warnings = checkFields(body, kind, validation);
  // What a patch says of the object's identity must be true.
  decodeObject(body, { kind, namespace, name }, 'Ignore');
  return warnings;
}
