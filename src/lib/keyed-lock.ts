/**
 * One at a time per key, in the order of asking. Different keys do not wait for each other, and a key that nobody
 * holds costs no memory.
 */
export class KeyedLock {
  readonly #tails = new Map<string, Promise<void>>();

  /** Runs `work` when every earlier holder of `key` has ended, however it ended. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key);
    const { promise: tail, resolve: release } = Promise.withResolvers<void>();
    this.#tails.set(key, tail);
    try {
      await before;
      return await work();
    } finally {
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
      release();
    }
  }

  /** True while somebody holds or waits for `key`. */
  has(key: string): boolean {
    return this.#tails.has(key);
  }
}
