import { sleep } from '../../lib/clock.ts';
import { isCode, messageOf } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import { type KubeObject, keyOf, type ObjectRef, refTo } from '../../model/object.ts';
import type { Change, Informer, List, WatchEvent } from '../api.ts';

/** Where a view comes from. */
export interface Source<T> {
  readonly list: () => Promise<List<T>>;
  readonly watch: (resourceVersion: string, signal: AbortSignal) => AsyncIterable<WatchEvent<T>>;
}

const firstBackoff = 100;
const maxBackoff = 30_000;

/**
 * A view that is kept by listing once and watching from there. When the watch fails, or the version is no longer
 * there, it lists again and tells only what differs.
 */
export class WatchingInformer<T extends KubeObject> implements Informer<T> {
  readonly synced: Promise<void>;
  readonly #source: Source<T>;
  readonly #log: Log;
  readonly #objects = new Map<string, T>();
  readonly #indexes = new Map<string, Index<T>>();
  readonly #listeners = new Set<(change: Change<T>) => void>();
  readonly #stop = new AbortController();
  readonly #isSynced = Promise.withResolvers<void>();

  constructor(source: Source<T>, log: Log) {
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
    while (!signal.aborted) {
      try {
        const list = await this.#source.list();
        this.#replace(list.items);
        this.#isSynced.resolve();
        for await (const event of this.#source.watch(list.resourceVersion, signal)) {
          failures = 0;
          this.#apply(event);
        }
      } catch (error) {
        if (signal.aborted) return;
        // One try at once: most often the version was too old, or the server has just been started again.
        const pause = failures === 0 ? 0 : Math.min(firstBackoff * 2 ** (failures - 1), maxBackoff);
        failures += 1;
        if (!isCode(error, 'not-ready'))
          this.#log.warn({ reason: messageOf(error), pause }, 'watch failed; listing again');
        await sleep(pause, signal).catch(() => {});
      }
    }
  }

  #replace(items: readonly T[]): void {
    const gone = new Map(this.#objects);
    for (const object of items) {
      gone.delete(keyOf(refTo(object)));
      this.#set(object);
    }
    for (const object of gone.values()) this.#remove(object);
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

/** Which objects have which keys. */
class Index<T extends KubeObject> {
  readonly #keys: (object: T) => readonly string[];
  readonly #found = new Map<string, Map<string, T>>();

  constructor(keys: (object: T) => readonly string[]) {
    this.#keys = keys;
  }

  get(key: string): readonly T[] {
    return [...(this.#found.get(key)?.values() ?? [])];
  }

  replace(before: T | undefined, after: T | undefined): void {
    for (const key of before ? this.#keys(before) : []) {
      const found = this.#found.get(key);
      found?.delete(keyOf(refTo(before as T)));
      if (found?.size === 0) this.#found.delete(key);
    }
    for (const key of after ? this.#keys(after) : []) {
      const found = this.#found.get(key) ?? new Map<string, T>();
      found.set(keyOf(refTo(after as T)), after as T);
      this.#found.set(key, found);
    }
  }
}
