const pause = 100;

/** The keys that wait for something to turn up: woken all at once, at most ten times a second. */
export class WakeList {
  onWake: (key: string) => void = () => {};
  readonly #keys = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  add(key: string): void {
    this.#keys.add(key);
  }

  delete(key: string): void {
    this.#keys.delete(key);
  }

  /** Brings every waiting key back, soon. */
  wake(): void {
    if (this.#timer || this.#keys.size === 0) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const keys = [...this.#keys];
      this.#keys.clear();
      for (const key of keys) this.onWake(key);
    }, pause);
    this.#timer.unref();
  }
}
