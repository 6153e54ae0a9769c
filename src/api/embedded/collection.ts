import type { Kind } from '../../model/kind.ts';
import { resourceOf } from '../../model/kind.ts';
import { type KubeObject, keyOf, type ObjectRef, refTo } from '../../model/object.ts';
import type { Informer, Change as Told } from '../api.ts';
import { type Change, History, HistoryRoom } from './reading/history.ts';
import { SortedMap } from './reading/sorted-map.ts';

/** A live object, and its row in the database. */
export interface Entry<T extends KubeObject> {
  readonly id: number;
  readonly object: T;
  /** Length of its JSON. */
  readonly size: number;
}

/** What became of an object by a version, as far as it is remembered. */
export interface Recalled<T extends KubeObject> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly rv: number;
  /** The version that had made it. */
  readonly id: number;
  readonly object: T;
}

type Listener<T> = (change: Told<T>) => void;

/**
 * All live objects of one kind, deeply frozen, with their indexes, their latest changes and those who listen. Only
 * the store changes it; for everybody else it is the informer.
 */
export class Collection<T extends KubeObject> implements Informer<T> {
  readonly kind: Kind<T>;
  readonly resource: string;
  readonly synced: Promise<void> = Promise.resolve();
  readonly history: History<T>;
  /** What was deleted after a version and up to another one; undefined if nobody knows. */
  deletions: ((after: number, upTo: number) => readonly Recalled<KubeObject>[] | undefined) | undefined;
  readonly #begins: number;
  readonly #namespaces = new SortedMap<SortedMap<Entry<T>>>();
  readonly #indexes = new Map<string, Index<T>>();
  readonly #listeners = new Map<Listener<T>, number>();
  readonly #wakers = new Set<() => void>();
  readonly #version: () => number;
  readonly #onListenerError: (error: unknown) => void;
  readonly #onSet: (before: T | undefined, after: T | undefined) => void;
  #size = 0;

  constructor(
    kind: Kind<T>,
    version: () => number,
    onListenerError: (error: unknown) => void,
    room = new HistoryRoom(),
    onSet: (before: T | undefined, after: T | undefined) => void = () => {},
  ) {
    this.kind = kind;
    this.resource = resourceOf(kind);
    this.#version = version;
    this.#onListenerError = onListenerError;
    this.#onSet = onSet;
    this.#begins = version();
    this.history = new History(this.#begins, room);
  }

  get size(): number {
    return this.#size;
  }

  /**
   * What happened after a version that is older than the history, up to its beginning: of each object the last state
   * that it had then, in order. Undefined if that is not known.
   */
  recall(version: number): readonly Recalled<T>[] | undefined {
    const { history } = this;
    const upTo = this.#begins;
    if (history.floor !== upTo || version >= upTo) return undefined;
    const deleted = this.deletions?.(version, upTo);
    if (!deleted) return undefined;
    const isMeant = ({ metadata }: T) =>
      Number(metadata.resourceVersion) > version && Number(metadata.resourceVersion) <= upTo;
    const states = [...this.list()].filter(isMeant);
    for (let place = history.start; place < history.end; place += 1) {
      const old = history.at(place)?.old;
      if (old && isMeant(old)) states.push(old);
    }
    const changed = states.map((object): Recalled<T> => {
      const entry = this.entry(refTo(object));
      const id = entry?.object.metadata.uid === object.metadata.uid ? (entry?.id ?? 0) : 0;
      const rv = Number(object.metadata.resourceVersion);
      return { type: id > version ? 'ADDED' : 'MODIFIED', rv, id, object };
    });
    // Whoever asks has never seen what came and went since.
    const seen = deleted.filter(({ id }) => id <= version) as unknown as Recalled<T>[];
    return [...changed, ...seen].sort((one, other) => one.rv - other.rv);
  }

  entry(ref: ObjectRef): Entry<T> | undefined {
    return this.#namespaces.get(ref.namespace ?? '')?.get(ref.name);
  }

  get(ref: ObjectRef): T | undefined {
    return this.entry(ref)?.object;
  }

  *list(namespace?: string): Generator<T> {
    const spaces = namespace === undefined ? this.#namespaces.values() : [this.#namespaces.get(namespace) ?? new Map()];
    for (const space of spaces as Iterable<Map<string, Entry<T>>>)
      for (const { object } of space.values()) yield object;
  }

  /** The objects sorted by namespace, then by name; with `after`, only those behind that place. */
  *sorted(namespace?: string, after?: ObjectRef): Generator<T> {
    const from = after?.namespace ?? '';
    const spaces = namespace === undefined ? this.#namespaces.from(from) : [namespace];
    for (const space of spaces) {
      if (after && space < from) continue;
      const names = this.#namespaces.get(space);
      for (const name of names?.from(after && space === from ? after.name : '') ?? []) {
        const entry = names?.get(name);
        if (entry && !(after && space === from && name === after.name)) yield entry.object;
      }
    }
  }

  /** Puts an entry in its place, or takes it away; indexes follow. Returns what was there. */
  set(ref: ObjectRef, entry: Entry<T> | undefined): Entry<T> | undefined {
    const namespace = ref.namespace ?? '';
    let space = this.#namespaces.get(namespace);
    const before = space?.get(ref.name);
    if (entry) {
      if (!space) {
        space = new SortedMap();
        this.#namespaces.set(namespace, space);
      }
      space.set(ref.name, entry);
    } else if (space?.delete(ref.name) && space.size === 0) {
      this.#namespaces.delete(namespace);
    }
    this.#size += Number(entry !== undefined) - Number(before !== undefined);
    for (const index of this.#indexes.values()) index.replace(before?.object, entry?.object);
    this.#onSet(before?.object, entry?.object);
    return before;
  }

  index(name: string, keys: (object: T) => readonly string[]): (key: string) => readonly T[] {
    let index = this.#indexes.get(name);
    if (!index) {
      index = new Index((object) => this.#guarded(() => keys(object)) ?? []);
      for (const object of this.list()) index.replace(undefined, object);
      this.#indexes.set(name, index);
    }
    return index.get;
  }

  onChange(listener: Listener<T>): Disposable {
    // Its own identity, so that one function may listen twice.
    const own: Listener<T> = (change) => listener(change);
    this.#listeners.set(own, this.#version());
    for (const object of [...this.list()]) this.#tell(own, { type: 'added', object });
    return { [Symbol.dispose]: () => this.#listeners.delete(own) };
  }

  /** Remembers a committed change and tells everybody of it. */
  publish(change: Change<T>): void {
    this.history.append(change);
    const { type, object, old } = change;
    for (const [listener, since] of [...this.#listeners]) {
      // One that came while its elders were being told saw this state already.
      if (change.rv > since) this.#tell(listener, old === undefined ? { type, object } : { type, object, old });
    }
  }

  /** Wakes those who read the history; called once for each committed group that touched this kind. */
  wake(): void {
    for (const waker of [...this.#wakers]) waker();
  }

  /** Calls back after each committed group that touched this kind. */
  onCommit(waker: () => void): Disposable {
    this.#wakers.add(waker);
    return { [Symbol.dispose]: () => this.#wakers.delete(waker) };
  }

  #tell(listener: Listener<T>, change: Told<T>): void {
    this.#guarded(() => listener(change));
  }

  /** One listener's or index's fault must not be another's, nor undo what is committed. */
  #guarded<R>(call: () => R): R | undefined {
    try {
      return call();
    } catch (error) {
      this.#onListenerError(error);
      return undefined;
    }
  }
}

/** Which objects have which keys. */
class Index<T extends KubeObject> {
  readonly #keys: (object: T) => readonly string[];
  readonly #found = new Map<string, Map<string, T>>();

  constructor(keys: (object: T) => readonly string[]) {
    this.#keys = keys;
  }

  readonly get = (key: string): readonly T[] => {
    const found = this.#found.get(key);
    return found ? [...found.values()] : [];
  };

  replace(before: T | undefined, after: T | undefined): void {
    if (before) {
      const name = keyOf(refTo(before));
      for (const key of this.#keys(before)) {
        const found = this.#found.get(key);
        if (found?.delete(name) && found.size === 0) this.#found.delete(key);
      }
    }
    if (after) {
      const name = keyOf(refTo(after));
      for (const key of this.#keys(after)) {
        const found = this.#found.get(key);
        if (found) found.set(name, after);
        else this.#found.set(key, new Map([[name, after]]));
      }
    }
  }
}
