import type { Histogram } from 'prom-client';
import type { Api, Informer } from '../../api/api.ts';
import { persistentVolumeClaims } from '../../model/kinds/core.ts';
import { mounts } from '../../model/kinds/moorage.ts';
import type { KubeObject } from '../../model/object.ts';

/**
 * Times whole ways: claim to Bound, Mount to Mounted. An object's own time has whole seconds only, so the
 * clock starts when we first see it, unless it is older than that.
 */
export function timeWays(api: Api, to: { readonly bound: Histogram; readonly mounted: Histogram }): Disposable {
  const stack = new DisposableStack();
  stack.use(time(api.informer(persistentVolumeClaims), (it) => it.status?.phase === 'Bound', to.bound));
  stack.use(time(api.informer(mounts), (it) => it.status?.phase === 'Mounted', to.mounted));
  return stack;
}

function time<T extends KubeObject>(informer: Informer<T>, there: (object: T) => boolean, histogram: Histogram) {
  const started = new Map<string, number>();
  return informer.onChange(({ type, object, old }) => {
    const { uid = '', creationTimestamp } = object.metadata;
    if (type === 'deleted') {
      started.delete(uid);
    } else if (!there(object)) {
      if (type === 'added') started.set(uid, start(creationTimestamp));
    } else if (type === 'modified' && old && !there(old)) {
      const from = started.get(uid);
      if (from !== undefined) histogram.observe((Date.now() - from) / 1000);
      started.delete(uid);
    }
  });
}

function start(created: string | null | undefined): number {
  const now = Date.now();
  const then = created ? Date.parse(created) : now;
  return now - then > 2_000 ? then : now;
}
