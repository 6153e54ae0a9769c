import { createHash } from 'node:crypto';

/** Random choices that follow from a seed, so that the same seed makes the same request again. */
export class Random {
  #state: number;

  constructor(...seed: readonly (string | number)[]) {
    this.#state = createHash('sha256').update(seed.join(' ')).digest().readUInt32LE();
  }

  /** From 0 to below 1. The generator is mulberry32. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from 0 to below the end. */
  below(end: number): number {
    return Math.floor(this.next() * end);
  }

  /** True once in so many times. */
  onceIn(times: number): boolean {
    return this.below(times) === 0;
  }

  pick<T>(from: readonly [T, ...T[]]): T {
    return from[this.below(from.length)] ?? from[0];
  }

  /** Calls one of several functions. */
  oneOf<T>(...make: readonly [() => T, ...(() => T)[]]): T {
    return this.pick(make)();
  }

  /** A length that is mostly short, and now and then as long as it may be. */
  length(longest: number): number {
    return Math.floor(longest ** this.next());
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)));
  }
}
