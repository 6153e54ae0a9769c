import { type KubeObject, keyOf, refTo } from '../../../model/object.ts';

/** Which objects have which keys. */
export class Index<T extends KubeObject> {
  readonly #keys: (object: T) => readonly string[];
  readonly #found = new Map<string, Map<string, T>>();

  constructor(keys: (object: T) => readonly string[]) {
    this.#keys = keys;
  }

  get(key: string): readonly T[] {
    return [...(this.#found.get(key)?.values() ?? [])];
  }

  replace(before: T | undefined, after: T | undefined): void {
    for (const key of before ? this.#keys(before) : []) {
      const found = this.#found.get(key);
      found?.delete(keyOf(refTo(before as T)));
      if (found?.size === 0) this.#found.delete(key);
    }
    for (const key of after ? this.#keys(after) : []) {
      const found = this.#found.get(key) ?? new Map<string, T>();
      found.set(keyOf(refTo(after as T)), after as T);
      this.#found.set(key, found);
    }
  }
}
