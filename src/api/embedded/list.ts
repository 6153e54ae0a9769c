import { fail } from '../../lib/errors.ts';
import { type KubeObject, keyOf, refTo } from '../../model/object.ts';
import type { List, ListOptions } from '../api.ts';
import { selectorOf } from '../selectors.ts';
import type { Collection } from './collection.ts';
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
  const all = version === newest ? [...collection.list(namespace)] : stateAt(collection, version, namespace);
  const found = (matches ? all.filter(matches) : all)
    .map((object) => ({ key: sortKey(object), object }))
    .filter(({ key }) => !from || key > from.key)
    .sort((one, other) => (one.key < other.key ? -1 : 1));
  const limit = options.limit && options.limit > 0 ? options.limit : found.length;
  const page = found.slice(0, limit);
  const resourceVersion = String(version);
  const items = page.map(({ object }) => object);
  const last = page.at(-1);
  if (!last || found.length <= limit) return { items, resourceVersion };
  const token = Buffer.from(JSON.stringify({ version, key: last.key })).toString('base64url');
  return { items, resourceVersion, continue: token, remainingItemCount: found.length - limit };
}

/** Sorts by namespace, then by name: the separator comes before every character of a name. */
function sortKey(object: KubeObject): string {
  const { namespace = '', name } = object.metadata;
  return `${namespace}\0${name}`;
}

function stateAt<T extends KubeObject>(collection: Collection<T>, version: number, namespace?: string): T[] {
  const { history } = collection;
  const first = history.after(version) ?? gone(version, history.floor);
  const state = new Map<string, T>();
  for (const object of collection.list(namespace)) state.set(keyOf(refTo(object)), object);
  for (let place = history.end - 1; place >= first; place -= 1) {
    const change = history.at(place);
    if (!change || (namespace !== undefined && change.object.metadata.namespace !== namespace)) continue;
    const key = keyOf(refTo(change.object));
    if (change.old) state.set(key, change.old);
    else state.delete(key);
  }
  return [...state.values()];
}

function readToken(token: string): { readonly version: number; readonly key: string } {
  try {
    const { version, key } = JSON.parse(Buffer.from(token, 'base64url').toString()) as Record<string, unknown>;
    if (typeof version === 'number' && typeof key === 'string') return { version, key };
  } catch {
    // Answered below.
  }
  return fail('invalid', 'the continue token is not one that this server gave: list again without it');
}
