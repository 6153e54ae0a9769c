import { sleep } from '../../../lib/clock.ts';
import { isCode, messageOf } from '../../../lib/errors.ts';
import type { Log } from '../../../lib/log.ts';
import { type KubeObject, keyOf, type ObjectRef, refTo } from '../../../model/object.ts';
import type { Change, Informer, List, WatchEvent } from '../../api.ts';
import { StatusError } from '../../status.ts';
import { Index } from './informer-index.ts';

/** Where a view comes from. */
export interface Source<T> {
  /** All objects, in one page or several. */
  readonly list: () => AsyncIterable<Pick<List<T>, 'items' | 'resourceVersion'>>;
  /** What happens from there on, with bookmarks. */
  readonly watch: (resourceVersion: string, signal: AbortSignal) => AsyncIterable<WatchEvent<T>>;
}

const firstBackoff = 100;
const maxBackoff = 5_000;
/** Milliseconds between two looks whether a kind is served by now. */
const unservedPause = 10_000;

/**
 * A view that is kept by listing once and watching from there. When the connection fails, it watches on from where it
 * was; when that version is no longer there, it lists again and tells only what differs. A kind that the server does
 * not know has no objects: the view is complete and empty, until the kind is served.
 */
export class WatchingInformer<T extends KubeObject> implements Informer<T> {
  readonly synced: Promise<void>;
  readonly #name: string;
  readonly #source: Source<T>;
  readonly #log: Log;
  readonly #objects = new Map<string, T>();
  readonly #indexes = new Map<string, Index<T>>();
  readonly #listeners = new Set<(change: Change<T>) => void>();
  readonly #stop = new AbortController();
  readonly #isSynced = Promise.withResolvers<void>();
  #isUnserved = false;

  /** The name is that of the kind, for the log. */
  constructor(name: string, source: Source<T>, log: Log) {
    this.#name = name;
    this.#source = source;
    this.#log = log;
    this.synced = this.#isSynced.promise;
    void this.#run();
  }

  get size(): number {
    return this.#objects.size;
  }

  get(ref: ObjectRef): T | undefined {
    return this.#objects.get(keyOf(ref));
  }

  *list(namespace?: string): Generator<T> {
    for (const object of this.#objects.values()) {
      if (namespace === undefined || object.metadata.namespace === namespace) yield object;
    }
  }

  index(name: string, keys: (object: T) => readonly string[]): (key: string) => readonly T[] {
    let index = this.#indexes.get(name);
    if (!index) {
      index = new Index(keys);
      for (const object of this.#objects.values()) index.replace(undefined, object);
      this.#indexes.set(name, index);
    }
    const found = index;
    return (key) => found.get(key);
  }

  onChange(listener: (change: Change<T>) => void): Disposable {
    const own = (change: Change<T>) => listener(change);
    this.#listeners.add(own);
    for (const object of [...this.#objects.values()]) this.#tell(own, { type: 'added', object });
    return { [Symbol.dispose]: () => this.#listeners.delete(own) };
  }

  [Symbol.dispose](): void {
    this.#stop.abort();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    let failures = 0;
    /** The version that the view is of; undefined if it must be listed. */
    let version: string | undefined;
    while (!signal.aborted) {
      try {
        version ??= await this.#list();
        for await (const event of this.#source.watch(version, signal)) {
          failures = 0;
          version = event.object.metadata.resourceVersion ?? version;
          this.#apply(event);
        }
      } catch (error) {
        if (signal.aborted) return;
        const isUnserved = isCode(error, 'not-found');
        if (isUnserved) this.#noteUnserved();
        if (!isInterruption(error)) version = undefined;
        // One try at once: most often the version was too old, or the server has just been started again.
        const backoff = failures === 0 ? 0 : Math.min(firstBackoff * 2 ** (failures - 1), maxBackoff);
        const pause = isUnserved ? unservedPause : backoff;
        failures += 1;
        if (!isUnserved && !isCode(error, 'not-ready', 'timeout'))
          this.#log.warn({ kind: this.#name, reason: messageOf(error), pause }, 'watch failed; trying again');
        // Not all views of all programs at once.
        await sleep(pause * (0.75 + Math.random() / 2), signal).catch(() => {});
      }
    }
  }

  /** Takes over what there is, and returns its version. */
  async #list(): Promise<string> {
    const gone = new Map(this.#objects);
    let version = '';
    for await (const { items, resourceVersion } of this.#source.list()) {
      version = resourceVersion;
      for (const object of items) {
        gone.delete(keyOf(refTo(object)));
        this.#set(object);
      }
    }
    for (const object of gone.values()) this.#remove(object);
    if (this.#isUnserved) this.#log.info({ kind: this.#name }, 'the API serves this kind now');
    this.#isUnserved = false;
    this.#isSynced.resolve();
    return version;
  }

  /** What the view has of a kind that was served before stays: a server that has forgotten it may remember. */
  #noteUnserved(): void {
    if (!this.#isUnserved) {
      this.#log.info({ kind: this.#name }, 'the API does not serve this kind; going on without it until it does');
    }
    this.#isUnserved = true;
    this.#isSynced.resolve();
  }

  #apply({ type, object }: WatchEvent<T>): void {
    if (type === 'DELETED') this.#remove(object);
    else if (type !== 'BOOKMARK') this.#set(object);
  }

  #set(object: T): void {
    const key = keyOf(refTo(object));
    const old = this.#objects.get(key);
    if (old && old.metadata.resourceVersion === object.metadata.resourceVersion) return;
    if (old && old.metadata.uid !== object.metadata.uid) {
      // It was deleted and made again while nobody looked.
      this.#remove(old);
      this.#set(object);
      return;
    }
    this.#objects.set(key, object);
    this.#tellAll(old, object, old ? { type: 'modified', object, old } : { type: 'added', object });
  }

  #remove(object: T): void {
    const key = keyOf(refTo(object));
    const old = this.#objects.get(key);
    if (!old) return;
    this.#objects.delete(key);
    this.#tellAll(old, undefined, { type: 'deleted', object, old });
  }

  #tellAll(old: T | undefined, object: T | undefined, change: Change<T>): void {
    for (const index of this.#indexes.values()) index.replace(old, object);
    for (const listener of [...this.#listeners]) this.#tell(listener, change);
  }

  /** One listener's fault is not another's. */
  #tell(listener: (change: Change<T>) => void, change: Change<T>): void {
    try {
      listener(change);
    } catch (error) {
      this.#log.error({ error }, 'a listener failed; the others go on');
    }
  }
}

/** True if a watch can go on where it was: nothing is wrong but the way to the server. */
function isInterruption(error: unknown): boolean {
  if (error instanceof StatusError) return error.status.code === 429 || error.status.code === 503;
  return isCode(error, 'not-ready', 'timeout');
}
