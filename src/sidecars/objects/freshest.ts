import type { Informer } from '../../api/api.ts';
import { type KubeObject, keyOf, type ObjectRef, refOf, refTo } from '../../model/object.ts';

/** Milliseconds after which a view has surely caught up, or the object has gone without a trace in it. */
const patience = 30_000;

/**
 * A view of a kind that is never older than what this process has written itself. The view of a server's objects
 * lags behind its answers; a pass that trusts it alone would do what was just done once more.
 */
export class Freshest<T extends KubeObject> implements Disposable {
  readonly #informer: Informer<T>;
  readonly #written = new Map<string, { readonly object: T; readonly until: number }>();
  readonly #listening: Disposable;

  constructor(informer: Informer<T>) {
    this.#informer = informer;
    this.#listening = informer.onChange(({ object, type }) => {
      const key = keyOf(refTo(object));
      const own = this.#written.get(key)?.object;
      if (own && (type === 'deleted' || !isNewer(own, object))) this.#written.delete(key);
    });
  }

  get(ref: ObjectRef): T | undefined {
    const seen = this.#informer.get(ref);
    const key = keyOf(ref);
    const own = this.#written.get(key);
    if (!own) return seen;
    if (performance.now() < own.until && (!seen || isNewer(own.object, seen))) return own.object;
    this.#written.delete(key);
    return seen;
  }

  *list(): Generator<T> {
    const own = new Set(this.#written.keys());
    for (const seen of this.#informer.list()) {
      own.delete(keyOf(refTo(seen)));
      yield this.get(refTo(seen)) ?? seen;
    }
    for (const key of own) {
      const object = this.get(refOf(key));
      if (object) yield object;
    }
  }

  /** Takes the answer to a write, and returns it. */
  note(object: T): T {
    const seen = this.#informer.get(refTo(object));
    if (!seen || isNewer(object, seen)) {
      this.#written.set(keyOf(refTo(object)), { object, until: performance.now() + patience });
    }
    return object;
  }

  [Symbol.dispose](): void {
    this.#listening[Symbol.dispose]();
  }
}

/** Resource versions of one server are numbers that grow; what is none is not compared. */
function isNewer(one: KubeObject, other: KubeObject): boolean {
  const versions = [one, other].map(({ metadata }) => metadata.resourceVersion ?? '');
  const [mine = '', theirs = ''] = versions;
  if (!versions.every((version) => /^\d+$/.test(version))) return false;
  return mine.length === theirs.length ? mine > theirs : mine.length > theirs.length;
}
