import { refuse } from '../../api/status.ts';

/** What all clients may have of something at once, and what each of them may have of that. */
export interface Limits {
  readonly total: number;
  readonly each: number;
}

/** What was made when there was room for it, which it takes until it is disposed of. */
export interface Held<T> extends Disposable {
  readonly value: T;
}

/** Makes something, and says how much of the room it takes. */
export type Make<T> = () => { readonly value: T; readonly size: number };

interface Waiting {
  readonly client: string;
  readonly start: () => void;
}

/**
 * Something of which there is only so much: requests, or bytes. As long as a client, and all together, have not used
 * up what they may have, it is given whatever is asked for, so that nothing is too large to be had at all: what is
 * used goes beyond the limits by one such at the most.
 */
export class Shares {
  readonly #what: string;
  readonly #limits: Limits;
  readonly #byClient = new Map<string, number>();
  readonly #waiting = new Set<Waiting>();
  #used = 0;

  /** `what` there is only so much of, as a message says it. */
  constructor(what: string, limits: Limits) {
    this.#what = what;
    this.#limits = limits;
  }

  /** What all clients have now. */
  get used(): number {
    return this.#used;
  }

  /** Takes so much, until it is disposed of. Throws 429 if nothing is left. */
  take(client: string, amount = 1): Disposable {
    return this.#isLeft(client) ? this.#taken(client, amount) : this.#refuse();
  }

  /**
   * Calls `make` once there is room, in the turn of those who wait, and takes the size of what it makes. Throws 429
   * after so many milliseconds.
   */
  async takeInTurn<T>(client: string, make: Make<T>, patience: number): Promise<Held<T>> {
    const hold = () => {
      const { value, size } = make();
      return Object.assign(this.#taken(client, size), { value });
    };
    if (this.#isLeft(client)) return hold();
    const { promise, resolve, reject } = Promise.withResolvers<Held<T>>();
    // Made at once, not when the promise is looked at: until then others would find the same room.
    const waiting = { client, start: () => resolve(new Promise((held) => held(hold()))) };
    this.#waiting.add(waiting);
    const timer = setTimeout(() => {
      this.#waiting.delete(waiting);
      try {
        this.#refuse();
      } catch (error) {
        reject(error);
      }
    }, patience);
    return await promise.finally(() => clearTimeout(timer));
  }

  #isLeft(client: string): boolean {
    return this.#used < this.#limits.total && (this.#byClient.get(client) ?? 0) < this.#limits.each;
  }

  #taken(client: string, amount: number): Disposable {
    this.#add(client, amount);
    let isHeld = true;
    return {
      [Symbol.dispose]: () => {
        if (!isHeld) return;
        isHeld = false;
        this.#add(client, -amount);
        this.#callWaiting();
      },
    };
  }

  #add(client: string, amount: number): void {
    this.#used += amount;
    const used = (this.#byClient.get(client) ?? 0) + amount;
    if (used > 0) this.#byClient.set(client, used);
    else this.#byClient.delete(client);
  }

  #callWaiting(): void {
    for (const waiting of this.#waiting) {
      if (this.#used >= this.#limits.total) return;
      if (!this.#isLeft(waiting.client)) continue;
      this.#waiting.delete(waiting);
      waiting.start();
    }
  }

  #refuse(): never {
    const message = `Too many requests, please try again later: ${this.#what} are at their limit`;
    return refuse(429, 'TooManyRequests', message, { retryAfterSeconds: 1 });
  }
}
