import { fail } from '../../../lib/errors.ts';
import type { KubeObject, ObjectRef } from '../../../model/object.ts';
import type { List, ListOptions } from '../../api.ts';
import { selectorOf } from '../../selectors.ts';
import type { Collection } from '../collection.ts';
import { gone } from './watch.ts';

/**
 * Lists a collection, sorted by namespace and name. All pages of one list show the state at its first page: later
 * changes are taken back with the help of the history, and where that no longer reaches, it is `not-ready` (410).
 */
export function list<T extends KubeObject>(collection: Collection<T>, options: ListOptions, newest: number): List<T> {
  const matches = selectorOf(collection.kind, options);
  const from = options.continue ? readToken(options.continue) : undefined;
  const version = from?.version ?? newest;
  const namespace = collection.kind.namespaced ? options.namespace : undefined;
  const limit = options.limit && options.limit > 0 ? options.limit : Number.POSITIVE_INFINITY;
  if (version > newest) notOurs();
  const changed = version === newest ? [] : changedSince(collection, version, namespace, from?.key);
  const items: T[] = [];
  let remaining = 0;
  for (const object of withPast(collection.sorted(namespace, from && placeOf(from.key)), changed)) {
    if (matches && !matches(object)) continue;
    if (items.length < limit) items.push(object);
    else remaining += 1;
  }
  const resourceVersion = String(version);
  const last = items.at(-1);
  if (!last || remaining === 0) return { items, resourceVersion };
  const token = Buffer.from(JSON.stringify({ version, key: sortKey(last) })).toString('base64url');
  return { items, resourceVersion, continue: token, remainingItemCount: remaining };
}

/** Sorts by namespace, then by name: the separator comes before every character of a name. */
function sortKey(object: KubeObject): string {
  const { namespace = '', name } = object.metadata;
  return `${namespace}\0${name}`;
}

function placeOf(key: string): ObjectRef {
  const [namespace = '', name = ''] = key.split('\0');
  return { namespace, name };
}

/** An object as it was; undefined where there was none. */
type Past<T> = readonly [key: string, object: T | undefined];

/** What has changed since a version, behind a place, as it was at that version; sorted. */
function changedSince<T extends KubeObject>(
  { history }: Collection<T>,
  version: number,
  namespace: string | undefined,
  after = '',
): Past<T>[] {
  const first = history.after(version) ?? gone(version, history.floor);
  const past = new Map<string, T | undefined>();
  for (let place = history.end - 1; place >= first; place -= 1) {
    const change = history.at(place);
    if (!change || (namespace !== undefined && change.object.metadata.namespace !== namespace)) continue;
    const key = sortKey(change.object);
    if (key > after) past.set(key, change.old);
  }
  return [...past].sort(([one], [other]) => (one < other ? -1 : 1));
}

/** The present objects, with the past in the place of what has changed; both are sorted. */
function* withPast<T extends KubeObject>(present: Iterable<T>, past: readonly Past<T>[]): Generator<T> {
  if (past.length === 0) return yield* present;
  let next = 0;
  for (const object of present) {
    const key = sortKey(object);
    for (let [at, old] = past[next] ?? []; at !== undefined && at < key; [at, old] = past[++next] ?? []) {
      if (old) yield old;
    }
    const [at, old] = past[next] ?? [];
    if (at !== key) yield object;
    else {
      next += 1;
      if (old) yield old;
    }
  }
  for (const [, old] of past.slice(next)) if (old) yield old;
}

function readToken(token: string): { readonly version: number; readonly key: string } {
  try {
    const { version, key } = JSON.parse(Buffer.from(token, 'base64url').toString()) as Record<string, unknown>;
    if (Number.isSafeInteger(version) && typeof key === 'string') return { version: Number(version), key };
  } catch {
    // Answered below.
  }
  return notOurs();
}

function notOurs(): never {
  return fail('invalid', 'the continue token is not one that this server gave: list again without it');
}
