import { isCode } from '../lib/errors.ts';
import type { Kind } from '../model/kind.ts';
import { type KubeObject, refTo } from '../model/object.ts';
import type { Api } from './api.ts';

/** True if the object has the finalizer. */
export function hasFinalizer(object: KubeObject, finalizer: string): boolean {
  return object.metadata.finalizers?.includes(finalizer) ?? false;
}

/** The body of a merge patch that makes the finalizers these, if nobody else wrote in between. */
function finalizersPatch(object: KubeObject, finalizers: readonly string[]) {
  return {
    metadata: { finalizers, resourceVersion: object.metadata.resourceVersion },
  };
}

/**
 * Ensures the finalizer. Returns the newest state; writes nothing if the finalizer is there. Throws `conflict` if the
 * object has changed since.
 */
export async function ensureFinalizer<T extends KubeObject>(
  api: Api,
  kind: Kind<T>,
  object: T,
  finalizer: string,
): Promise<T> {
  if (hasFinalizer(object, finalizer)) return object;
  const body = finalizersPatch(object, [...(object.metadata.finalizers ?? []), finalizer]);
  return await api.patch(kind, refTo(object), { type: 'merge', body });
}

/**
 * Ensures that the finalizers are gone. No error if the object is gone too. Throws `conflict` if it has changed since.
 */
export async function ensureNoFinalizer<T extends KubeObject>(
  api: Api,
  kind: Kind<T>,
  object: T,
  ...finalizers: string[]
): Promise<T | undefined> {
  if (!finalizers.some((finalizer) => hasFinalizer(object, finalizer))) return object;
  const rest = (object.metadata.finalizers ?? []).filter((finalizer) => !finalizers.includes(finalizer));
  try {
    return await api.patch(kind, refTo(object), { type: 'merge', body: finalizersPatch(object, rest) });
  } catch (error) {
    if (isCode(error, 'not-found')) return undefined;
    throw error;
  }
}
