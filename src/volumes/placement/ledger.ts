/** A promise of bytes in a pool. */
export interface Promised {
  readonly pool: string;
  readonly bytes: bigint;
}

/**
 * How many bytes of each pool are promised, kept up to date change by change. A promise is known first from who is
 * about to make it (assumed), then from the object that records it (observed); where both are known, the larger counts.
 */
export class Ledger {
  readonly #observed = new Map<string, Promised>();
  readonly #assumed = new Map<string, Promised>();
  readonly #totals = new Map<string, bigint>();
  readonly #onChange: (pool: string) => void;

  constructor(onChange: (pool: string) => void = () => {}) {
    this.#onChange = onChange;
  }

  /** Bytes promised in the pool. */
  total(pool: string): bigint {
    return this.#totals.get(pool) ?? 0n;
  }

  /** What the object of that key records; undefined if it records nothing, or is gone. */
  observe(key: string, promised: Promised | undefined): void {
    const assumed = this.#assumed.get(key);
    const caughtUp = promised && assumed && promised.pool === assumed.pool && promised.bytes >= assumed.bytes;
    this.#change(key, promised, caughtUp ? undefined : assumed);
  }

  /** Takes bytes before they are recorded anywhere, so that two volumes are not given the same ones. */
  assume(key: string, promised: Promised): void {
    this.#change(key, this.#observed.get(key), promised);
  }

  /** What is assumed for the key. */
  assumed(key: string): Promised | undefined {
    return this.#assumed.get(key);
  }

  /** Gives back what was assumed, since nothing came of it. */
  forget(key: string): void {
    this.#change(key, this.#observed.get(key), undefined);
  }

  #change(key: string, observed: Promised | undefined, assumed: Promised | undefined): void {
    const before = larger(this.#observed.get(key), this.#assumed.get(key));
    set(this.#observed, key, observed);
    set(this.#assumed, key, assumed);
    const after = larger(observed, assumed);
    if (before?.pool === after?.pool && before?.bytes === after?.bytes) return;
    if (before) this.#add(before.pool, -before.bytes);
    if (after) this.#add(after.pool, after.bytes);
  }

  #add(pool: string, bytes: bigint): void {
    this.#totals.set(pool, this.total(pool) + bytes);
    this.#onChange(pool);
  }
}

function larger(one: Promised | undefined, other: Promised | undefined): Promised | undefined {
  if (!one || !other) return one ?? other;
  return other.bytes > one.bytes ? other : one;
}

function set(map: Map<string, Promised>, key: string, value: Promised | undefined): void {
  if (value) map.set(key, value);
  else map.delete(key);
}
