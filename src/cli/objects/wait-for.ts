import type { Api } from '../../api/api.ts';
import { MoorageError } from '../../lib/errors.ts';
import type { Kind } from '../../model/kind.ts';
import { type KubeObject, keyOf, type ObjectRef } from '../../model/object.ts';

export interface WaitOptions<T extends KubeObject> {
  readonly api: Api;
  readonly kind: Kind<T>;
  readonly ref: ObjectRef;
  /** Looks at each state; `undefined` stands for absence. True ends the wait; a throw fails it. */
  readonly until: (object: T | undefined) => boolean;
  /** Milliseconds. */
  readonly timeout: number;
  /** What to add when the time is over: why it is not there yet, and what to do. */
  readonly late: (last: T | undefined) => string | Promise<string>;
}

/** Watches one object until it is as wanted, and returns its last state. Throws `timeout`. */
export async function waitFor<T extends KubeObject>(options: WaitOptions<T>): Promise<T | undefined> {
  const { api, kind, ref, until } = options;
  const deadline = AbortSignal.timeout(options.timeout);
  let last: T | undefined;
  while (!deadline.aborted) {
    const list = await api.list(kind, { namespace: ref.namespace, fieldSelector: `metadata.name=${ref.name}` });
    last = list.items[0];
    if (until(last)) return last;
    const watch = { namespace: ref.namespace, fieldSelector: `metadata.name=${ref.name}` };
    try {
      for await (const { type, object } of api.watch(kind, {
        ...watch,
        resourceVersion: list.resourceVersion,
        signal: deadline,
      })) {
        if (type === 'BOOKMARK') continue;
        last = type === 'DELETED' ? undefined : object;
        if (until(last)) return last;
      }
    } catch (error) {
      // The watch itself may end at any time: then the list tells what was missed.
      if (!(error instanceof MoorageError && error.code === 'not-ready') && !deadline.aborted) throw error;
    }
  }
  const what = `${kind.kind} ${keyOf(ref)}`;
  throw new MoorageError('timeout', `waited ${options.timeout / 1_000} s for ${what}: ${await options.late(last)}`);
}
