const firstPause = 1_000;
const firstInfeasiblePause = 30_000;
const longestPause = 600_000;

/**
 * How long to leave a claim alone whose growth has failed, 1 s at first, or 30 s if the driver called it impossible:
 * longer each time, but not at all when it asks for another size. Milliseconds.
 */
export class Patience {
  readonly #pauses = new Map<string, { readonly size: bigint; readonly pause: number; readonly until: number }>();

  /** What is left of the pause. */
  left(key: string, size: bigint): number {
    const waiting = this.#pauses.get(key);
    return waiting?.size === size ? Math.max(0, Math.ceil(waiting.until - performance.now())) : 0;
  }

  /** Begins the next pause, and returns its length. */
  wait(key: string, size: bigint, infeasible = true): number {
    const before = this.#pauses.get(key);
    const pause =
      before?.size === size ? Math.min(before.pause * 2, longestPause) : infeasible ? firstInfeasiblePause : firstPause;
    this.#pauses.set(key, { size, pause, until: performance.now() + pause });
    return pause;
  }

  forget(key: string): void {
    this.#pauses.delete(key);
  }
}
