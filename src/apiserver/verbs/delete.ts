import type { DeleteOptions } from '../../api/api.ts';
import { shownValue } from '../../lib/text.ts';
import type { KubeObject } from '../../model/object.ts';
import { readDeleteOptions } from '../wire/body/body.ts';
import { deleteOptionsOf } from '../wire/body/delete-options.ts';
import type { Reply } from '../wire/reply/reply.ts';
import { statusKind, valueReply } from '../wire/reply/value-reply.ts';
import { encodingOf } from '../wire/reply/wanted-encoding.ts';
import { type Call, count, dryRunOf, flag, methodNotAllowed, notFound, refuseOption, selectorsOf } from './call.ts';
import { listReply, objectReply } from './read.ts';

/** DELETE of one object: the object while finalizers hold it, a Status once it is gone. */
export async function deleteObject(call: Call): Promise<Reply> {
  const { api, kind, namespace, name = '', subresource } = call;
  if (!kind.writable || subresource !== undefined) methodNotAllowed();
  const encoding = await encodingOf(call);
  const options = await optionsOf(call);
  const last = (await api.fromOutside.delete(kind, { namespace, name }, options)) ?? notFound(call);
  if (isHeld(last)) return objectReply(encoding, last, 200);
  const { uid } = last.metadata;
  const details = { name, ...(kind.group ? { group: kind.group } : {}), kind: kind.plural, ...(uid ? { uid } : {}) };
  const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details };
  return await valueReply(call.request, status, 200, statusKind);
}

function isHeld({ metadata }: KubeObject): boolean {
  return Boolean(metadata.deletionTimestamp) && (metadata.finalizers?.length ?? 0) > 0;
}

/** DELETE of a collection, or of what the selectors leave of it: the objects that are on their way out. */
export async function deleteCollection(call: Call): Promise<Reply> {
  const { api, kind, namespace } = call;
  if (!kind.writable) methodNotAllowed();
  const encoding = await encodingOf(call);
  const options = await optionsOf(call);
  const list = await api.list(kind, { namespace, ...selectorsOf(call) });
  const deleted = await Promise.all(
    list.items.map(({ metadata }) => {
      const preconditions = { ...options.preconditions, uid: metadata.uid };
      return api.fromOutside.delete(kind, metadata, { ...options, preconditions });
    }),
  );
  const items = deleted.filter((object) => object !== undefined);
  return listReply(encoding, { items, resourceVersion: api.resourceVersion });
}

/** What the query says, and over it the body: DeleteOptions, which may be absent. */
async function optionsOf({ request, query }: Call): Promise<DeleteOptions> {
  const body = deleteOptionsOf(await readDeleteOptions(request));
  count(query, 'gracePeriodSeconds');
  const orphan = body.orphanDependents ?? flag(query, 'orphanDependents');
  const policy = body.propagationPolicy ?? query.get('propagationPolicy') ?? (orphan ? 'Orphan' : undefined);
  if (policy !== undefined && policy !== 'Background' && policy !== 'Foreground' && policy !== 'Orphan') {
    const message = `Unsupported value: "${shownValue(policy)}": supported values: "Background", "Foreground", "Orphan"`;
    refuseOption({ request }, 'propagationPolicy', message);
  }
  for (const value of body.dryRun) query.append('dryRun', shownValue(value));
  return { dryRun: dryRunOf({ query, request }), propagationPolicy: policy, preconditions: body.preconditions };
}
