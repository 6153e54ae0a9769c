import type { Api, Informer } from '../../api/api.ts';
import { persistentVolumeClaims } from '../../model/kinds/core.ts';
import { type Mount, mounts } from '../../model/kinds/moorage.ts';
import type { KubeObject } from '../../model/object.ts';

/** The ways that are timed: a claim until it is Bound, a Mount until it is Mounted. */
export type Way = 'bound' | 'mounted';

/**
 * Times whole ways. An object's own time has whole seconds only, so the clock starts when we first see it, unless it
 * is older than that.
 */
export function timeWays(api: Api, hasMounts: boolean, observe: (way: Way, seconds: number) => void): Disposable {
  const stack = new DisposableStack();
  const claims = api.informer(persistentVolumeClaims);
  stack.use(
    time(
      claims,
      ({ status }) => status?.phase === 'Bound',
      (seconds) => observe('bound', seconds),
    ),
  );
  const isMounted = ({ status }: Mount) => status?.phase === 'Mounted';
  if (hasMounts) stack.use(time(api.informer(mounts), isMounted, (seconds) => observe('mounted', seconds)));
  return stack;
}

function time<T extends KubeObject>(
  informer: Informer<T>,
  there: (object: T) => boolean,
  observe: (seconds: number) => void,
) {
  const started = new Map<string, number>();
  return informer.onChange(({ type, object, old }) => {
    const { uid = '', creationTimestamp } = object.metadata;
    if (type === 'deleted') {
      started.delete(uid);
    } else if (!there(object)) {
      if (type === 'added') started.set(uid, start(creationTimestamp));
    } else if (type === 'modified' && old && !there(old)) {
      const from = started.get(uid);
      if (from !== undefined) observe((Date.now() - from) / 1_000);
      started.delete(uid);
    }
  });
}

function start(created: string | null | undefined): number {
  const now = Date.now();
  const then = created ? Date.parse(created) : now;
  return now - then > 2_000 ? then : now;
}
