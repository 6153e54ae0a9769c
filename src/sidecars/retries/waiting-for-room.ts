/** What somebody asked a driver for and did not get, for want of room. */
export interface Ask {
  /** Who asks. */
  readonly key: string;
  readonly driver: string;
  /** All that matters but the size. Of one kind, whoever asks for as much or more than was refused is refused too. */
  readonly kind: string;
  readonly bytes: bigint;
  /** RFC 3339; the oldest gets room first. */
  readonly since: string;
}

/** How many ask at once when room has turned up. */
const atOnce = 32;
/** Milliseconds for which several pieces of news of room are gathered. */
const gather = 200;
const firstProbe = 1_000;
const longestProbe = 10_000;

/**
 * Lets those wait whom a driver has refused for want of room, at next to no cost: they do not ask again by themselves.
 *
 * When something of the driver was freed they ask anew, oldest first, 32 at a time and the next as these get what they
 * want; who would ask for as much as has just been refused keeps waiting. Room that no event announces (a pool grown
 * behind a foreign driver) is found by a probe: after 1 s, 2 s, 4 s … 10 s one of them, the smallest of its kind, asks
 * for all.
 */
export class WaitingForRoom implements Disposable {
  readonly #retry: (key: string) => void;
  readonly #lines = new Map<string, Line>();
  readonly #lineOf = new Map<string, Line>();

  /** `retry` makes the one of that key ask again. */
  constructor(retry: (key: string) => void) {
    this.#retry = retry;
  }

  /** True if it has been refused and its turn has not come. */
  mustWait(key: string): boolean {
    return this.#lineOf.get(key)?.mustWait(key) ?? false;
  }

  /** It was refused: from here on it waits for its turn. */
  refused(ask: Ask): void {
    const line = this.#lines.get(ask.driver) ?? new Line(this.#retry);
    this.#lines.set(ask.driver, line);
    if (this.#lineOf.get(ask.key) !== line) this.settled(ask.key);
    this.#lineOf.set(ask.key, line);
    line.refused(ask);
  }

  /** It waits no longer, since it got what it wanted or wants nothing any more. */
  settled(key: string, got = false): void {
    const line = this.#lineOf.get(key);
    this.#lineOf.delete(key);
    line?.settled(key, got);
  }

  /** Something of the driver was freed, or it has come back. */
  freed(driver: string): void {
    this.#lines.get(driver)?.freed();
  }

  [Symbol.dispose](): void {
    for (const line of this.#lines.values()) line.close();
  }
}

/** Those who wait for one driver. */
class Line {
  readonly #retry: (key: string) => void;
  readonly #waiting = new Map<string, Ask>();
  readonly #asking = new Set<string>();
  /** The least that was refused of each kind since something was freed. */
  readonly #refused = new Map<string, bigint>();
  #wave: Iterator<Ask> | undefined;
  #gathering: NodeJS.Timeout | undefined;
  #probing: NodeJS.Timeout | undefined;
  #pause = firstProbe;
  #lastKind = '';

  constructor(retry: (key: string) => void) {
    this.#retry = retry;
  }

  mustWait(key: string): boolean {
    return this.#waiting.has(key) && !this.#asking.has(key);
  }

  refused(ask: Ask): void {
    this.#asking.delete(ask.key);
    this.#waiting.set(ask.key, ask);
    const least = this.#refused.get(ask.kind);
    if (least === undefined || ask.bytes < least) this.#refused.set(ask.kind, ask.bytes);
    this.#letAsk();
    this.#scheduleProbe();
  }

  settled(key: string, got: boolean): void {
    this.#waiting.delete(key);
    const asked = this.#asking.delete(key);
    // Where one finds room that nobody announced, there may be more.
    if (asked && got && !this.#wave) this.freed();
    else this.#letAsk();
  }

  freed(): void {
    if (this.#waiting.size === 0 || this.#gathering) return;
    this.#gathering = setTimeout(() => {
      this.#gathering = undefined;
      this.#refused.clear();
      this.#pause = firstProbe;
      this.#wave = [...this.#waiting.values()].toSorted(byAge).values();
      this.#letAsk();
    }, gather).unref();
  }

  close(): void {
    clearTimeout(this.#gathering);
    clearTimeout(this.#probing);
  }

  #letAsk(): void {
    while (this.#wave && this.#asking.size < atOnce) {
      const { done, value } = this.#wave.next();
      if (done) this.#wave = undefined;
      else if (this.mustWait(value.key) && !this.#isHopeless(value)) this.#ask(value.key);
    }
  }

  #isHopeless({ kind, bytes }: Ask): boolean {
    const least = this.#refused.get(kind);
    return least !== undefined && bytes >= least;
  }

  #ask(key: string): void {
    this.#asking.add(key);
    this.#retry(key);
  }

  #scheduleProbe(): void {
    if (this.#probing || this.#waiting.size === 0) return;
    this.#probing = setTimeout(() => {
      this.#probing = undefined;
      this.#pause = Math.min(this.#pause * 2, longestProbe);
      const probe = this.#asking.size === 0 ? this.#chooseProbe() : undefined;
      if (probe) this.#ask(probe.key);
      this.#scheduleProbe();
    }, this.#pause).unref();
  }

  /** The smallest of the next kind. */
  #chooseProbe(): Ask | undefined {
    const smallest = new Map<string, Ask>();
    for (const ask of this.#waiting.values()) {
      const known = smallest.get(ask.kind);
      if (!known || ask.bytes < known.bytes) smallest.set(ask.kind, ask);
    }
    const kinds = [...smallest.keys()].toSorted();
    this.#lastKind = kinds.find((kind) => kind > this.#lastKind) ?? kinds[0] ?? '';
    return smallest.get(this.#lastKind);
  }
}

function byAge(one: Ask, other: Ask): number {
  return one.since < other.since ? -1 : one.since > other.since ? 1 : 0;
}
