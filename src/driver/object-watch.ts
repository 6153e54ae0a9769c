import type { Informer } from '../api/api.ts';
import type { KubeObject } from '../model/object.ts';

/** Lets calls wait for what becomes of single objects, with one listener for all of them. */
export class ObjectWatch<T extends KubeObject> implements Disposable {
  readonly informer: Informer<T>;
  readonly #waiting = new Map<string, Set<() => void>>();
  readonly #subscription: Disposable;

  constructor(informer: Informer<T>) {
    this.informer = informer;
    this.#subscription = informer.onChange(({ object }) => {
      for (const look of this.#waiting.get(object.metadata.name) ?? []) look();
    });
  }

  /**
   * Calls `look` with the object now, and after each of its changes, until it returns something or throws. Rejects
   * with the signal's reason when that aborts.
   */
  async until<R>(name: string, look: (object: T | undefined) => R | undefined, signal: AbortSignal): Promise<R> {
    const { promise, resolve, reject } = Promise.withResolvers<R>();
    const check = () => {
      try {
        const result = look(this.informer.get({ name }));
        if (result !== undefined) resolve(result);
      } catch (error) {
        reject(error);
      }
    };
    const abort = () => reject(signal.reason);
    const waiting = this.#waiting.get(name) ?? new Set();
    this.#waiting.set(name, waiting.add(check));
    signal.addEventListener('abort', abort, { once: true });
    try {
      if (signal.aborted) abort();
      else check();
      return await promise;
    } finally {
      signal.removeEventListener('abort', abort);
      waiting.delete(check);
      if (waiting.size === 0 && this.#waiting.get(name) === waiting) this.#waiting.delete(name);
    }
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
  }
}
