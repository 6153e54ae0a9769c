const firstByDefault = 1_000;

/**
 * How long to leave alone what has failed for good reason: 1 s, 2 s, 4 s … up to the longest, however often it is looked
 * at in between. What asks for something else than before (another `wish`) starts anew. Milliseconds.
 */
export class Pauses {
  readonly #longest: number;
  readonly #pauses = new Map<string, { readonly wish: string; readonly pause: number; readonly until: number }>();

  constructor({ longest }: { readonly longest: number }) {
    this.#longest = longest;
  }

  /** What is left of the pause. */
  left(key: string, wish: string): number {
    const known = this.#pauses.get(key);
    return known?.wish === wish ? Math.max(0, Math.ceil(known.until - performance.now())) : 0;
  }

  /** Begins the next pause, and returns its length; `first` is that of the first. */
  begin(key: string, wish: string, first = firstByDefault): number {
    const before = this.#pauses.get(key);
    const pause = before?.wish === wish ? Math.min(before.pause * 2, this.#longest) : first;
    this.#pauses.set(key, { wish, pause, until: performance.now() + pause });
    return pause;
  }

  /** Ends the pause early; the next one is as long as it would have been. */
  end(key: string): void {
    const known = this.#pauses.get(key);
    if (known) this.#pauses.set(key, { ...known, until: 0 });
  }

  forget(key: string): void {
    this.#pauses.delete(key);
  }
}
