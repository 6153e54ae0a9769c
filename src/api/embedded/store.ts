import { fail, isCode, MoorageError, messageOf } from '../../lib/errors.ts';
import { deepestNesting, isTextDeeperThan } from '../../lib/json.ts';
import type { Log } from '../../lib/log.ts';
import { type Kind, resourceOf } from '../../model/kind.ts';
import { type KubeObject, type ObjectRef, refTo } from '../../model/object.ts';
import { refuse } from '../status.ts';
import { Collection, type Entry, type Recalled } from './collection.ts';
import { Database, type DatabaseOptions, type Deletion, type Row } from './database/database.ts';
import { damaged } from './database/file.ts';
import { frozen } from './frozen.ts';
import { type Change, HistoryRoom } from './reading/history.ts';
import { JsonCache } from './reading/json-cache.ts';

/** Bytes that one object may take as JSON: what etcd allows. */
const maxObjectSize = 1536 * 1024;

/** What a write sees and does while its group runs: always the newest state, that of its group included. */
export interface Transaction {
  get<T extends KubeObject>(kind: Kind<T>, ref: ObjectRef): T | undefined;
  list<T extends KubeObject>(kind: Kind<T>, namespace?: string): Iterable<T>;
  /** Writes the object under a new resource version; returns it as stored. */
  put<T extends KubeObject>(kind: Kind<T>, object: T): T;
  /** Removes the object; returns its last state, with the resource version of the removal. */
  remove<T extends KubeObject>(kind: Kind<T>, object: T): T;
}

/** Who keeps sums of what is in the store. */
export interface Follower {
  /** An object came, changed or went: in memory, and not yet for good. What is undone comes the other way round. */
  follow(kind: Kind, before: KubeObject | undefined, after: KubeObject | undefined): void;
  /** Writes what follows from a group of writes, within that group. */
  settle(state: Transaction): void;
}

interface Write {
  readonly run: (transaction: Transaction) => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** One step of a group: enough to tell it, to store it and to undo it. */
interface Step<T extends KubeObject = KubeObject> {
  readonly collection: Collection<T>;
  readonly ref: ObjectRef;
  readonly before: Entry<T> | undefined;
  readonly after: Entry<T> | undefined;
  readonly change: Change<T>;
  /** The object as it is to be stored; '' for one that is removed. */
  readonly json: string;
}

/**
 * All objects, in memory and on disk, under one global resource version. Writes wait for the end of the current turn
 * of the event loop and then run one after the other, each on the newest state, so that optimistic concurrency is
 * exact; one SQLite transaction makes the whole group durable. Only then do they return, and does anybody hear of
 * them. A group runs within one turn: nobody sees it half done. If it can't be committed, all of it is undone.
 */
export class Store implements AsyncDisposable {
  readonly #database: Database;
  readonly #log: Log;
  readonly #follower: Follower | undefined;
  readonly #histories = new HistoryRoom();
  readonly #collections = new Map<string, Collection<KubeObject>>();
  readonly #byKind = new WeakMap<object, Collection<KubeObject>>();
  readonly #transaction: Transaction;
  #version: number;
  #queue: Write[] = [];
  #steps: Step[] = [];
  #scheduled = false;
  #closed = false;
  readonly #json = new JsonCache();

  constructor(
    options: DatabaseOptions & {
      readonly file: string;
      readonly kinds: readonly Kind[];
      readonly follower?: Follower;
    },
  ) {
    this.#log = options.log;
    this.#follower = options.follower;
    this.#database = Database.open(options.file, options);
    this.#transaction = {
      get: (kind, ref) => this.collection(kind).get(ref),
      list: (kind, namespace) => this.collection(kind).list(namespace),
      put: (kind, object) => this.#put(this.collection(kind), object),
      remove: (kind, object) => this.#remove(this.collection(kind), object),
    };
    try {
      this.#version = this.#database.version();
      for (const kind of options.kinds) this.#add(kind);
      for (const row of this.#database.rows()) this.#load(row);
    } catch (error) {
      this.#database[Symbol.dispose]();
      throw error;
    }
  }

  /** The newest committed resource version. */
  get version(): number {
    return this.#version;
  }

  /** When the store was last taken as it was, though objects may have been missing in it. */
  get lastLoss(): Date | undefined {
    return this.#database.lastLoss();
  }

  get kinds(): readonly Kind[] {
    return [...this.#collections.values()].map(({ kind }) => kind);
  }

  /** The view of a kind. Throws `not-found` for a kind that is not served. */
  collection<T extends KubeObject>(kind: Kind<T>): Collection<T> {
    let found = this.#byKind.get(kind);
    if (!found) {
      found =
        this.#collections.get(resourceOf(kind)) ??
        fail('not-found', `the server could not find the requested resource (${resourceOf(kind)})`);
      this.#byKind.set(kind, found);
    }
    return found as unknown as Collection<T>;
  }

  /** Serves one more kind, with what the file holds of it. */
  addKind(kind: Kind): void {
    if (this.#collections.has(resourceOf(kind))) return;
    this.#add(kind);
    for (const row of this.#database.rows(resourceOf(kind))) this.#load(row);
  }

  /** No longer serves a kind; what the file holds of it stays there. */
  removeKind(kind: Kind): void {
    const collection = this.#collections.get(resourceOf(kind));
    this.#collections.delete(resourceOf(kind));
    collection?.history[Symbol.dispose]();
    if (collection) this.#byKind.delete(collection.kind);
    this.#byKind.delete(kind);
  }

  /** Queues a write. Resolves, when it is durable, with what `run` returned; rejects with what it threw. */
  write<R>(run: (transaction: Transaction) => R): Promise<R> {
    if (this.#closed) return Promise.reject(new MoorageError('not-ready', 'the store is closed: Moorage is stopping'));
    const { promise, resolve, reject } = Promise.withResolvers<R>();
    this.#queue.push({ run, resolve: resolve as (value: unknown) => void, reject });
    if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(() => this.#flush());
    }
    return promise;
  }

  /** The object as JSON; free for what was just written. */
  json(object: KubeObject): string {
    return this.#json.textOf(object);
  }

  /** Commits what is queued, then closes the file. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#flush();
    this.#database[Symbol.dispose]();
  }

  #flush(): void {
    this.#scheduled = false;
    const writes = this.#queue;
    if (writes.length === 0) return;
    this.#queue = [];
    this.#json.age();
    const failure = this.#runGroup(writes);
    if (!failure) return;
    const { error } = failure;
    this.#log.error({ reason: messageOf(error), writes: writes.length }, 'a group of writes was not committed');
    // Where it is not the disk that is full, one of them may have been the reason: each has its own try.
    const isShared = writes.length === 1 || isCode(error, 'exhausted');
    for (const write of writes) {
      const own = isShared ? failure : this.#runGroup([write]);
      if (own) write.reject(own.error);
    }
  }

  /** Runs writes, makes them durable together, and tells everybody. Returns why that failed: then nothing has changed. */
  #runGroup(writes: readonly Write[]): { readonly error: unknown } | undefined {
    const results = writes.map(({ run }) => this.#attempt(run));
    const settled = this.#attempt((transaction) => this.#follower?.settle(transaction));
    if (settled.error !== undefined)
      this.#log.error({ error: settled.error }, 'what follows from writes was not written');
    const steps = this.#steps;
    this.#steps = [];
    try {
      if (steps.length > 0) this.#commit(steps);
    } catch (error) {
      this.#undo(steps);
      return { error };
    }
    for (const { collection, change } of steps) collection.publish(change);
    for (const collection of new Set(steps.map((step) => step.collection))) collection.wake();
    for (const [index, { resolve, reject }] of writes.entries()) {
      const result = results[index];
      if (result?.error !== undefined) reject(result.error);
      else resolve(result?.value);
    }
    return undefined;
  }

  /** Runs one write; what it did before it threw is undone. */
  #attempt(run: Write['run']): { readonly value?: unknown; readonly error?: unknown } {
    const done = this.#steps.length;
    try {
      return { value: run(this.#transaction) };
    } catch (error) {
      this.#undo(this.#steps.splice(done));
      return { error: error ?? new Error('a write threw nothing') };
    }
  }

  /** Of several states of one object only the last is stored. */
  #commit(steps: readonly Step[]): void {
    const puts = new Map<number, Row>();
    const removed: Deletion[] = [];
    for (const { collection, before, after, change, json } of steps) {
      if (after) {
        const { namespace = '', name } = after.object.metadata;
        puts.set(after.id, { id: after.id, resource: collection.resource, namespace, name, rv: change.rv, json });
      } else if (before) {
        puts.delete(before.id);
        const { rv, object } = change;
        removed.push({ rv, id: before.id, resource: collection.resource, json: JSON.stringify(object) });
      }
    }
    this.#database.commit(puts.values(), removed, this.#version);
  }

  #undo(steps: readonly Step[]): void {
    for (const { collection, ref, before } of steps.toReversed()) collection.set(ref, before);
    const first = steps[0];
    if (first) this.#version = first.change.rv - 1;
  }

  #put<T extends KubeObject>(collection: Collection<T>, object: T): T {
    const rv = this.#version + 1;
    const stored = versioned(object, rv);
    const ref = refTo(stored);
    // Here, where what can't be written fails alone: later it would fail with all of its group.
    const json = textOf(stored, collection.resource);
    const id = collection.entry(ref)?.id ?? rv;
    const after = { id, object: stored, size: json.length };
    this.#version = rv;
    this.#json.written(stored, json);
    const before = collection.set(ref, after);
    const type = before ? 'modified' : 'added';
    const change: Change<T> = { type, rv, object: stored, old: before?.object, size: json.length };
    this.#record({ collection, ref, before, after, change, json });
    return stored;
  }

  #remove<T extends KubeObject>(collection: Collection<T>, object: T): T {
    const rv = this.#version + 1;
    const last = versioned(object, rv);
    const ref = refTo(last);
    this.#version = rv;
    const before = collection.set(ref, undefined);
    const change: Change<T> = { type: 'deleted', rv, object: last, old: before?.object, size: before?.size ?? 0 };
    this.#record({ collection, ref, before, after: undefined, change, json: '' });
    return last;
  }

  #record<T extends KubeObject>(step: Step<T>): void {
    // Only the store puts objects into a collection, so the kinds agree.
    this.#steps.push(step as unknown as Step);
  }

  #add(kind: Kind): void {
    const onError = (error: unknown) =>
      this.#log.error({ kind: kind.kind, error }, 'a listener of the store failed; the others go on');
    const onSet = (before: KubeObject | undefined, after: KubeObject | undefined) =>
      this.#follower?.follow(kind, before, after);
    const collection = new Collection(kind, () => this.#version, onError, this.#histories, onSet);
    collection.deletions = (after, upTo) =>
      this.#database.deletions(collection.resource, after, upTo)?.map(({ rv, id, json }): Recalled<KubeObject> => {
        return { type: 'DELETED', rv, id, object: frozen(JSON.parse(json) as KubeObject) };
      });
    this.#collections.set(resourceOf(kind), collection);
  }

  #load(row: Row): void {
    const collection = this.#collections.get(row.resource);
    if (!collection) return;
    let object: KubeObject;
    try {
      object = frozen(JSON.parse(row.json) as KubeObject);
    } catch (error) {
      throw damaged(this.#database.file, `${row.resource} ${row.name} is not JSON`, error);
    }
    if (collection.set(refTo(object), { id: row.id, object, size: row.json.length })) {
      throw damaged(this.#database.file, `${row.resource} ${row.name} is there twice`);
    }
  }
}

function versioned<T extends KubeObject>(object: T, rv: number): T {
  return frozen({ ...object, metadata: { ...object.metadata, resourceVersion: String(rv) } });
}

/** An object as JSON, if it may be stored. */
function textOf(object: KubeObject, resource: string): string {
  const name = `${resource} "${object.metadata.name}"`;
  const json = JSON.stringify(object);
  if (isTextDeeperThan(json, deepestNesting))
    fail('invalid', `${name} is nested too deeply: an object may have ${deepestNesting} levels`);
  if (json.length <= maxObjectSize / 3) return json;
  const size = Buffer.byteLength(json);
  if (size <= maxObjectSize) return json;
  const message = `${name}: request is too large: it takes ${size} bytes, and an object may take ${maxObjectSize}`;
  return refuse(413, 'RequestEntityTooLarge', message);
}
