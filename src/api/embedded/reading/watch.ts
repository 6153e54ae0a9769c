import { fail } from '../../../lib/errors.ts';
import { apiVersionOf } from '../../../model/kind.ts';
import type { KubeObject } from '../../../model/object.ts';
import type { ListOptions, WatchEvent } from '../../api.ts';
import { selectorOf } from '../../selectors.ts';
import type { Collection, Recalled } from '../collection.ts';
import { frozen } from '../frozen.ts';
import type { Change } from './history.ts';

/** Milliseconds between bookmarks, which are sent only when there is a newer version to tell. */
const bookmarkInterval = 60_000;

export interface WatchOptions extends ListOptions {
  readonly resourceVersion: string;
  readonly bookmarks?: boolean;
  readonly signal: AbortSignal;
}

/**
 * A reader of a collection's history from a version on. It keeps only its place in the history, so a slow one costs
 * nothing, until what it has not read is cut: then it gets `not-ready`, as does one who begins too far back.
 */
export class Reader<T extends KubeObject> {
  readonly #collection: Collection<T>;
  readonly #options: WatchOptions;
  readonly #version: () => number;
  readonly #matches: ((object: T) => boolean) | undefined;
  /** The version up to which all is read, and the last one that the reader has heard of. */
  #read: number;
  #told: number;
  #place: number;
  /** What is from before the history, the newest first. */
  readonly #recalled: Recalled<T>[];
  #bookmarkDue = performance.now() + bookmarkInterval;

  constructor(collection: Collection<T>, options: WatchOptions, version: () => number) {
    const { history } = collection;
    this.#collection = collection;
    this.#options = options;
    this.#version = version;
    this.#matches = selectorOf(collection.kind, options);
    this.#read = parseVersion(options.resourceVersion, version());
    this.#told = this.#read;
    const place = history.after(this.#read);
    // Whether it was in sight of a selector before, nobody knows of what is from before a restart.
    const recalled = place === undefined && !this.#matches ? collection.recall(this.#read) : [];
    this.#recalled = recalled?.toReversed() ?? [];
    this.#place = place ?? (recalled && !this.#matches ? history.start : gone(this.#read, history.floor));
  }

  /** The next event; undefined if there is none yet. */
  next(): WatchEvent<T> | undefined {
    const { history } = this.#collection;
    for (let it = this.#recalled.pop(); it; it = this.#recalled.pop()) {
      const { namespace } = this.#options;
      this.#read = it.rv;
      if (namespace !== undefined && this.#collection.kind.namespaced && it.object.metadata.namespace !== namespace) {
        continue;
      }
      this.#told = it.rv;
      return { type: it.type, object: it.object };
    }
    if (this.#place < history.start) gone(this.#read, history.floor);
    for (;;) {
      const change = history.at(this.#place);
      if (!change) return undefined;
      this.#place += 1;
      this.#read = change.rv;
      const event = eventOf(this.#collection, change, this.#options.namespace, this.#matches);
      if (!event) continue;
      this.#told = change.rv;
      return event;
    }
  }

  /**
   * Waits until there may be something to read, or the signal aborts. Returns a bookmark where one is due, also to a
   * reader who sees none of the many changes that there are.
   */
  async wait(): Promise<WatchEvent<T> | undefined> {
    const { signal, bookmarks } = this.#options;
    if (signal.aborted || this.#isBehind) return undefined;
    const overdue = this.#dueBookmark();
    if (overdue) return overdue;
    const news = Promise.withResolvers<void>();
    const onNews = () => news.resolve();
    const timer = bookmarks ? setTimeout(onNews, this.#bookmarkDue - performance.now()) : undefined;
    timer?.unref();
    signal.addEventListener('abort', onNews, { once: true });
    using _commits = this.#collection.onCommit(onNews);
    await news.promise;
    signal.removeEventListener('abort', onNews);
    clearTimeout(timer);
    return signal.aborted ? undefined : this.#dueBookmark();
  }

  /** How far the reader has come, if it wants to know that and has not heard of it yet. */
  bookmark(): WatchEvent<T> | undefined {
    if (!this.#options.bookmarks || this.#isBehind) return undefined;
    this.#bookmarkDue = performance.now() + bookmarkInterval;
    const version = this.#version();
    if (version <= this.#told) return undefined;
    this.#told = version;
    return bookmark(this.#collection, version);
  }

  #dueBookmark(): WatchEvent<T> | undefined {
    return performance.now() >= this.#bookmarkDue ? this.bookmark() : undefined;
  }

  get #isBehind(): boolean {
    return this.#recalled.length > 0 || this.#collection.history.at(this.#place) !== undefined;
  }
}

/** Follows a collection's history from a version on, until the signal aborts. */
export async function* watch<T extends KubeObject>(
  collection: Collection<T>,
  options: WatchOptions,
  version: () => number,
): AsyncGenerator<WatchEvent<T>> {
  const reader = new Reader(collection, options, version);
  while (!options.signal.aborted) {
    const event = reader.next() ?? (await reader.wait());
    if (event) yield event;
  }
}

/** A resource version as a number. Throws `invalid` for what is none, and `timeout` for one that is yet to come. */
export function parseVersion(text: string, newest: number): number {
  const version = /^\d+$/.test(text) ? Number(text) : fail('invalid', `invalid resource version: "${text}"`);
  if (version > newest) fail('timeout', `Too large resource version: ${version}, current: ${newest}`);
  return version;
}

/** Says that a version is no longer there: 410 Gone. */
export function gone(version: number, floor: number): never {
  return fail('not-ready', `too old resource version: ${version} (${floor}): list again, and watch from there`);
}

/** What a change means to a reader who sees only some of the objects: one that comes into sight is added. */
function eventOf<T extends KubeObject>(
  collection: Collection<T>,
  { type, object, old }: Change<T>,
  namespace: string | undefined,
  matches: ((object: T) => boolean) | undefined,
): WatchEvent<T> | undefined {
  if (namespace !== undefined && collection.kind.namespaced && object.metadata.namespace !== namespace) {
    return undefined;
  }
  const before = old !== undefined && (!matches || matches(old));
  const after = type !== 'deleted' && (!matches || matches(object));
  if (after) return { type: before ? 'MODIFIED' : 'ADDED', object };
  return before ? { type: 'DELETED', object: type === 'deleted' ? object : lastSeen(old, object) } : undefined;
}

/** The state that went out of sight, under the version of the change that took it there. */
function lastSeen<T extends KubeObject>(old: T, { metadata: { resourceVersion } }: T): T {
  return frozen({ ...old, metadata: { ...old.metadata, resourceVersion } });
}

function bookmark<T extends KubeObject>({ kind }: Collection<T>, version: number): WatchEvent<T> {
  const metadata = { name: '', resourceVersion: String(version) };
  return {
    type: 'BOOKMARK',
    object: frozen({ apiVersion: apiVersionOf(kind), kind: kind.kind, metadata }) as unknown as T,
  };
}
