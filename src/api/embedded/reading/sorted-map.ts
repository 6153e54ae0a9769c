/**
 * A map that also knows the order of its keys. The order is made when somebody asks for it, and kept until a key comes
 * or goes, so that neither writes nor the pages of a list pay for sorting.
 */
export class SortedMap<V> extends Map<string, V> {
  #keys: readonly string[] | undefined;

  override set(key: string, value: V): this {
    if (this.#keys && !this.has(key)) this.#keys = undefined;
    return super.set(key, value);
  }

  override delete(key: string): boolean {
    const there = super.delete(key);
    if (there) this.#keys = undefined;
    return there;
  }

  /** The keys in order, from the first one that is not before `start`. */
  *from(start: string): Generator<string> {
    this.#keys ??= [...this.keys()].sort();
    const keys = this.#keys;
    let low = 0;
    let high = keys.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((keys[middle] ?? '') < start) low = middle + 1;
      else high = middle;
    }
    for (let place = low; place < keys.length; place += 1) yield keys[place] ?? '';
  }
}
