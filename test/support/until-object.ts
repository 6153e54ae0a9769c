import type { Api } from '../../src/api/api.ts';
import type { Kind } from '../../src/model/kind.ts';
import type { KubeObject, ObjectRef } from '../../src/model/object.ts';

const patience = 30_000;

/** Names an object in the namespace `default`. */
export function inDefault(name: string): ObjectRef {
  return { namespace: 'default', name };
}

/** Waits for an object to be as wished. If it never is, the error says how it was, and what was said meanwhile. */
export async function untilObject<T extends KubeObject>(
  api: Api,
  kind: Kind<T>,
  ref: ObjectRef,
  wished: (object: T | undefined) => boolean,
  said: readonly string[] = [],
): Promise<T | undefined> {
  const informer = api.informer(kind);
  const { promise, resolve, reject } = Promise.withResolvers<T | undefined>();
  const stayed = () =>
    [`${kind.kind} ${ref.name} stayed ${JSON.stringify(informer.get(ref), undefined, 1)}`, ...said].join('\n');
  const timer = setTimeout(() => reject(new Error(stayed())), patience);
  const look = () => {
    const object = informer.get(ref);
    if (wished(object)) resolve(object);
  };
  using _ = informer.onChange(look);
  look();
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
  }
}
