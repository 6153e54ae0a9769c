import type { Informer } from '../../api/api.ts';
import type { PersistentVolumeClaim } from '../../model/kinds/core.ts';

/** So many are remembered; what was forgotten, the binder still tells. */
const remembered = 20_000;

/**
 * The claims that this process has seen go, by uid. Only what was seen counts: a claim that a view does not show may be
 * too new for it.
 */
export class GoneClaims implements Disposable {
  readonly #uids = new Set<string>();
  readonly #listening: Disposable;

  constructor(claims: Informer<PersistentVolumeClaim>) {
    this.#listening = claims.onChange(({ type, object }) => {
      if (type !== 'deleted' || !object.metadata.uid) return;
      this.#uids.add(object.metadata.uid);
      const [oldest] = this.#uids;
      if (this.#uids.size > remembered && oldest !== undefined) this.#uids.delete(oldest);
    });
  }

  has(uid: string | undefined): boolean {
    return uid !== undefined && this.#uids.has(uid);
  }

  [Symbol.dispose](): void {
    this.#listening[Symbol.dispose]();
  }
}
