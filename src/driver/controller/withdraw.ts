import type { Api } from '../../api/api.ts';
import { fail, isCode } from '../../lib/errors.ts';
import type { Kind } from '../../model/kind.ts';
import type { Condition, KubeObject } from '../../model/object.ts';
import { deleteFailed } from '../../volumes/conditions.ts';
import { nodeGone } from '../../volumes/leader/node-gone.ts';
import type { ObjectWatch } from '../object-watch.ts';

/**
 * Deletes the object, if it still is as it was seen, and waits until it is gone. False if it has changed meanwhile:
 * then look again.
 */
export async function deleteAsSeen<T extends KubeObject>(
  api: Api,
  kind: Kind<T>,
  watch: ObjectWatch<T>,
  seen: T,
  signal: AbortSignal,
): Promise<boolean> {
  const { name, uid, resourceVersion } = seen.metadata;
  try {
    await api.delete(kind, { name }, { preconditions: { uid, resourceVersion } });
  } catch (error) {
    if (isCode(error, 'conflict')) return false;
    throw error;
  }
  await untilGone(api, kind, watch, seen, signal);
  return true;
}

/**
 * Waits until the object, and not only its namesake, is gone. Throws `not-ready` if it says that the node that has it
 * is gone, and `in-use` if something keeps its bytes from being deleted.
 */
export async function untilGone<T extends KubeObject>(
  api: Api,
  kind: Kind<T>,
  watch: ObjectWatch<T>,
  { metadata: { name, uid } }: T,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const seen = watch.informer.get({ name })?.metadata.uid === uid;
    await watch.until(name, (object) => !object || object.metadata.uid !== uid || notIfStuck(object), signal);
    // A view that lags behind may not have seen it come yet.
    if (seen) return;
    if ((await api.get(kind, { name }))?.metadata.uid !== uid) return;
    await watch.until(name, (object) => (object?.metadata.uid === uid ? true : undefined), signal);
  }
}

function notIfStuck(object: KubeObject & { status?: { conditions?: Condition[] | undefined } | undefined }): undefined {
  const doing = `deleting ${object.kind} ${object.metadata.name}`;
  for (const { reason, message } of object.status?.conditions ?? []) {
    if (reason === nodeGone) fail('not-ready', `${doing}: ${message}`);
    if (reason === deleteFailed) fail('in-use', message ?? doing);
  }
}
