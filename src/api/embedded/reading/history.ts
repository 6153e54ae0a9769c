import type { KubeObject } from '../../../model/object.ts';

/** One committed change. */
export interface Change<T extends KubeObject> {
  readonly type: 'added' | 'modified' | 'deleted';
  readonly rv: number;
  /** The new state; for deleted the last one, with the resource version of the deletion. */
  readonly object: T;
  readonly old: T | undefined;
  /** Length of the object's JSON. */
  readonly size: number;
}

const maxChanges = 1_500;
const maxAge = 5 * 60_000;
const slack = 500;

/**
 * The latest changes of one kind, in order, for watches and for lists in pages. It lives in memory: after a restart, a
 * collection recalls what became of each object (see recall). It is cut when it grows, never by a timer, so an idle
 * store does nothing.
 */
export class History<T extends KubeObject> implements Disposable {
  readonly #room: HistoryRoom;
  #changes: (Change<T> & { readonly at: number })[] = [];
  #dropped = 0;
  #floor: number;
  #size = 0;

  /** `floor`: the version at which this history begins. */
  constructor(floor: number, room: HistoryRoom) {
    this.#floor = floor;
    this.#room = room;
    room.join(this);
  }

  /** Length of all objects in it, as JSON. */
  get size(): number {
    return this.#size;
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
    this.#size += change.size;
    const excess = this.#changes.length - maxChanges;
    if (excess > slack) this.#drop(excess);
    else if (this.#changes.length > slack && (this.#changes[slack - 1]?.at ?? at) < at - maxAge) this.#drop(slack);
    this.#room.added(change.size);
  }

  /** Forgets the oldest quarter. Returns the length of what is gone. */
  shed(): number {
    const before = this.#size;
    this.#cut(Math.ceil(this.#changes.length / 4));
    return before - this.#size;
  }

  [Symbol.dispose](): void {
    this.#room.leave(this);
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
    const before = this.#size;
    this.#cut(count);
    this.#room.added(this.#size - before);
  }

  #cut(count: number): void {
    this.#floor = this.#changes[count - 1]?.rv ?? this.#floor;
    for (const { size } of this.#changes.slice(0, count)) this.#size -= size;
    this.#changes = this.#changes.slice(count);
    this.#dropped += count;
  }
}

/** What all histories of a store may hold together, in characters of JSON: past it, the largest is cut. */
export class HistoryRoom {
  readonly #limit: number;
  readonly #histories = new Set<Pick<History<KubeObject>, 'size' | 'shed'>>();
  #used = 0;

  constructor(limit = 64 * 1024 * 1024) {
    this.#limit = limit;
  }

  join(history: Pick<History<KubeObject>, 'size' | 'shed'>): void {
    this.#histories.add(history);
  }

  leave(history: Pick<History<KubeObject>, 'size' | 'shed'>): void {
    if (this.#histories.delete(history)) this.#used -= history.size;
  }

  /** A history has grown, or shrunk. */
  added(size: number): void {
    this.#used += size;
    while (this.#used > this.#limit) {
      const [first, ...rest] = this.#histories;
      if (!first) return;
      this.#used -= rest.reduce((largest, one) => (one.size > largest.size ? one : largest), first).shed();
    }
  }
}
