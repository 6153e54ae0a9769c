import type { Patch, WriteOptions } from '../../api/api.ts';
import { InvalidObject } from '../../api/embedded/writing/invalid-object.ts';
import { refuse, StatusError, statusOf } from '../../api/status.ts';
import { codeOf, fail, isCode } from '../../lib/errors.ts';
import { resourceOf } from '../../model/kind.ts';
import { namespaces } from '../../model/kinds/index.ts';
import type { KubeObject } from '../../model/object.ts';
import { notWritable } from '../discovery/workloads.ts';
import { type Body, mediaTypeOf, readBody, readObjectBody, unknownFormat } from '../wire/body/body.ts';
import { checkFields, checkPatchedFields, decodeObject, type FieldValidation } from '../wire/body/decoding.ts';
import type { Reply } from '../wire/reply/reply.ts';
import { encodingOf } from '../wire/reply/wanted-encoding.ts';
import { aboutOf, type Call, dryRunOf, fieldValidationOf, noSuchResource, notFound } from './call.ts';
import { objectReply } from './read.ts';

/** POST to a collection. */
export async function createObject(call: Call): Promise<Reply> {
  const { api, kind } = call;
  const encoding = await encodingOf(call);
  const object = await decode(call);
  const created = await api.fromOutside
    .create(kind, object, { dryRun: dryRunOf(call) })
    .catch((error: unknown) => refuseNamed(error, call, object));
  return objectReply(encoding, created, 201);
}

/** The path of a creation does not name the object, but what is said of it should. */
function refuseNamed(error: unknown, { kind }: Call, { metadata }: KubeObject): never {
  if (codeOf(error) === 'internal') throw error;
  refuseUndecodable(error, kind);
  const name: unknown = metadata.name || metadata.generateName;
  throw new StatusError(statusOf(error, aboutOf({ kind, name: typeof name === 'string' ? name : undefined })));
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
  const encoding = await encodingOf(call);
  const object = await decode(call);
  const options = { dryRun: dryRunOf(call) };
  const write = async (): Promise<{ written: KubeObject; code: number }> => {
    if (subresource === undefined) return await updateOrCreate(call, object, options);
    if (subresource === 'status' && kind.hasStatus)
      return { written: await api.fromOutside.updateStatus(kind, object, options), code: 200 };
    if (subresource === 'finalize' && kind.group === '' && kind.plural === namespaces.plural)
      return { written: await finalize(call, object, options), code: 200 };
    return noSuchResource();
  };
  const { written, code } = await write().catch((error: unknown) => {
    refuseUndecodable(error, kind);
    throw error;
  });
  return objectReply(encoding, written, code);
}

/** Replaces an object; where Kubernetes creates what is not there yet, so does this. */
async function updateOrCreate(
  { api, kind, namespace, name = '', permit }: Call,
  object: KubeObject,
  options: WriteOptions,
) {
  const { resourceVersion: _version, uid, ...metadata } = object.metadata;
  for (;;) {
    try {
      return { written: await api.fromOutside.update(kind, object, options), code: 200 };
    } catch (error) {
      const isGone = isCode(error, 'not-found') && !(await api.get(kind, { namespace, name }));
      if (!kind.updateCreates || !isGone) throw error;
    }
    permit({ verb: 'create', group: kind.group, resource: kind.plural, namespace, name });
    // Who names a uid means an object that was there.
    if (uid) fail('conflict', `${resourceOf(kind)} "${name}": it is not there any more, and so has no uid ${uid}`);
    try {
      return { written: await api.fromOutside.create(kind, { ...object, metadata }, options), code: 201 };
    } catch (error) {
      if (!isCode(error, 'already-exists')) throw error;
    }
  }
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
  if (!kind.writable) notWritable(kind);
  const body = await readObjectBody(request, kind);
  const { object, warnings } = decodeObject(body, { kind, namespace, name }, fieldValidationOf(call));
  call.warnings.push(...warnings);
  return object;
}

const patchTypes: Readonly<Record<string, Patch['type']>> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
};

/** PATCH of an object or its status. */
export async function patchObject(call: Call): Promise<Reply> {
  const { api, kind, namespace, name = '', request, subresource } = call;
  if (!kind.writable) notWritable(kind);
  if (subresource !== undefined && !(subresource === 'status' && kind.hasStatus)) noSuchResource();
  const encoding = await encodingOf(call);
  const type = patchTypeOf(call);
  const body = await readBody(request, (why) => `error decoding patch: ${why}`, Object.keys(patchTypes));
  call.warnings.push(...checkPatch(call, body, type, fieldValidationOf(call)));
  const options = { dryRun: dryRunOf(call), ...(subresource === undefined ? {} : { subresource: 'status' as const }) };
  const patched = await api.fromOutside.patch(kind, { namespace, name }, { type, body: body.value }, options);
  return objectReply(encoding, patched, 200);
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
