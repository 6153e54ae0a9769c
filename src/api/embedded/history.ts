import type { KubeObject } from '../../model/object.ts';

/** One committed change. */
export interface Change<T extends KubeObject> {
  readonly type: 'added' | 'modified' | 'deleted';
  readonly rv: number;
  /** The new state; for deleted the last one, with the resource version of the deletion. */
  readonly object: T;
  readonly old: T | undefined;
}

const maxChanges = 1_500;
const maxAge = 5 * 60_000;
const slack = 500;

/**
 * The latest changes of one kind, in order, for watches and for lists in pages. It lives in memory: after a restart a
 * watch from before it gets 410 Gone and lists again. It is cut when it grows, never by a timer, so an idle store
 * does nothing.
 */
export class History<T extends KubeObject> {
  #changes: (Change<T> & { readonly at: number })[] = [];
  #dropped = 0;
  #floor: number;

  /** `floor`: the version at which this history begins. */
  constructor(floor: number) {
    this.#floor = floor;
  }

  /** The oldest version whose later changes are all still here. */
  get floor(): number {
    return this.#floor;
  }

  /** Place behind the newest change: from there a reader sees only what is yet to come. */
  get end(): number {
    return this.#dropped + this.#changes.length;
  }

  append(change: Change<T>): void {
    const at = Date.now();
    this.#changes.push({ ...change, at });
    const excess = this.#changes.length - maxChanges;
    if (excess > slack) this.#drop(excess);
    else if (this.#changes.length > slack && (this.#changes[slack - 1]?.at ?? at) < at - maxAge) this.#drop(slack);
  }

  /** The place of the first change after a version; undefined if that version is too old. */
  after(version: number): number | undefined {
    if (version < this.#floor) return undefined;
    let low = 0;
    let high = this.#changes.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#changes[middle]?.rv ?? 0) > version) high = middle;
      else low = middle + 1;
    }
    return this.#dropped + low;
  }

  /** The change at a place; undefined if there is none yet. Places before `start` are gone. */
  at(place: number): Change<T> | undefined {
    return this.#changes[place - this.#dropped];
  }

  /** The first place that is still here. */
  get start(): number {
    return this.#dropped;
  }

  #drop(count: number): void {
    this.#floor = this.#changes[count - 1]?.rv ?? this.#floor;
    this.#changes = this.#changes.slice(count);
    this.#dropped += count;
  }
}
