const firstPause = 1_000;
const longestPause = 300_000;

/**
 * How long to leave alone what has failed for good reason: 1 s, 2 s, 4 s … 5 min, however often it is looked at in
 * between. What asks for something else than before (another `wish`) starts anew. Milliseconds.
 */
export class Pauses {
  readonly #pauses = new Map<string, { readonly wish: string; readonly pause: number; readonly until: number }>();

  /** What is left of the pause. */
  left(key: string, wish: string): number {
    const known = this.#pauses.get(key);
    return known?.wish === wish ? Math.max(0, Math.ceil(known.until - performance.now())) : 0;
  }

  /** Begins the next pause, and returns its length. */
  begin(key: string, wish: string): number {
    const before = this.#pauses.get(key);
    const pause = before?.wish === wish ? Math.min(before.pause * 2, longestPause) : firstPause;
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
