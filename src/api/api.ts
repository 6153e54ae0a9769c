import type { Kind } from '../model/kind.ts';
import type { KubeObject, ObjectRef } from '../model/object.ts';

export interface ListOptions {
  /** One namespace; without it, all. */
  readonly namespace?: string | undefined;
  /** As kubectl writes it: `app=db,tier in (a,b),!legacy`. */
  readonly labelSelector?: string | undefined;
  /** As kubectl writes it: `metadata.name=data,status.phase!=Bound`. */
  readonly fieldSelector?: string | undefined;
  /** At most so many items; the rest follows with `continue`. */
  readonly limit?: number | undefined;
  readonly continue?: string | undefined;
}

export interface List<T> {
  readonly items: readonly T[];
  /** The version of the whole list: a watch from here misses nothing. */
  readonly resourceVersion: string;
  readonly continue?: string | undefined;
  readonly remainingItemCount?: number | undefined;
}

export interface WatchEvent<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  /** For DELETED the last state, with the resourceVersion of the deletion; for BOOKMARK only a resourceVersion. */
  readonly object: T;
}

export interface WriteOptions {
  /** Check and return what would be written, but write nothing. */
  readonly dryRun?: boolean;
}

export interface DeleteOptions extends WriteOptions {
  /** Only if the object still is that one. */
  readonly preconditions?: { readonly uid?: string | undefined; readonly resourceVersion?: string | undefined };
  /** What becomes of the objects that it owns; default Background. */
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan' | undefined;
}

export type Patch =
  | { readonly type: 'merge'; readonly body: unknown }
  | { readonly type: 'json'; readonly body: unknown }
  | { readonly type: 'strategic'; readonly body: unknown };

/**
 * The Kubernetes API as the controllers see it, wherever the objects live. Absence is `undefined` from get, and
 * a `not-found` error from every write. A write whose metadata.resourceVersion is not the newest is a `conflict`; a
 * write without one is unconditional. What comes back is deeply frozen. Every write that has returned is durable.
 */
export interface Api {
  get<T extends KubeObject>(kind: Kind<T>, ref: ObjectRef): Promise<T | undefined>;
  list<T extends KubeObject>(kind: Kind<T>, options?: ListOptions): Promise<List<T>>;
  /**
   * What happens after `resourceVersion`. Ends when the signal aborts. Throws `not-ready` when that version is no
   * longer (410 Gone): list again, and watch from there.
   */
  watch<T extends KubeObject>(
    kind: Kind<T>,
    options: ListOptions & {
      readonly resourceVersion: string;
      readonly bookmarks?: boolean;
      readonly signal: AbortSignal;
    },
  ): AsyncIterable<WatchEvent<T>>;
  /** Creates; metadata.generateName is followed. `already-exists` if the name is taken, `invalid` if it breaks a rule. */
  create<T extends KubeObject>(kind: Kind<T>, object: T, options?: WriteOptions): Promise<T>;
  /** Replaces all but the status (all, for a kind without a status subresource). */
  update<T extends KubeObject>(kind: Kind<T>, object: T, options?: WriteOptions): Promise<T>;
  /** Replaces the status only. */
  updateStatus<T extends KubeObject>(kind: Kind<T>, object: T, options?: WriteOptions): Promise<T>;
  /** Changes what the patch names; a `merge` patch of metadata.resourceVersion makes it conditional. */
  patch<T extends KubeObject>(
    kind: Kind<T>,
    ref: ObjectRef,
    patch: Patch,
    options?: WriteOptions & { readonly subresource?: 'status' },
  ): Promise<T>;
  /**
   * Deletes, or marks for deletion while finalizers remain. Returns the object's last state, or undefined if there
   * was none: deleting twice is no error.
   */
  delete<T extends KubeObject>(kind: Kind<T>, ref: ObjectRef, options?: DeleteOptions): Promise<T | undefined>;
  /** The shared, live, in-memory view of a kind: one for each Api and kind. */
  informer<T extends KubeObject>(kind: Kind<T>): Informer<T>;
}

export interface Change<T> {
  readonly type: 'added' | 'modified' | 'deleted';
  readonly object: T;
  /** The state before, for modified and deleted. */
  readonly old?: T;
}

/** A live view of all objects of a kind. Reads are synchronous, and never older than a listener's last change. */
export interface Informer<T extends KubeObject> {
  /** Resolves when the view is complete. */
  readonly synced: Promise<void>;
  get(ref: ObjectRef): T | undefined;
  list(namespace?: string): Iterable<T>;
  readonly size: number;
  /**
   * An index over the view: the returned function gives the objects for which `keys` returned that value. Kept up to
   * date as objects change, so a look-up costs only what it returns. Two calls with one name share the index.
   */
  index(name: string, keys: (object: T) => readonly string[]): (key: string) => readonly T[];
  /** Calls the listener for each object there is, as added, and then for each change, in order. */
  onChange(listener: (change: Change<T>) => void): Disposable;
}
