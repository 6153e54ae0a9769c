import { fail } from '../../lib/errors.ts';
import { apiVersionOf } from '../../model/kind.ts';
import type { KubeObject } from '../../model/object.ts';
import type { ListOptions, WatchEvent } from '../api.ts';
import { selectorOf } from '../selectors.ts';
import type { Collection } from './collection.ts';
import { frozen } from './frozen.ts';
import type { Change } from './history.ts';

/** Milliseconds between bookmarks, which are sent only when there is a newer version to tell. */
const bookmarkInterval = 60_000;

export interface WatchOptions extends ListOptions {
  readonly resourceVersion: string;
  readonly bookmarks?: boolean;
  readonly signal: AbortSignal;
}

/**
 * Follows a collection's history from a version on. A reader keeps only its place in the history, so a slow one costs
 * nothing, until what it has not read is cut: then it gets `not-ready`, as does one who begins too far back.
 */
export async function* watch<T extends KubeObject>(
  collection: Collection<T>,
  options: WatchOptions,
  version: () => number,
): AsyncGenerator<WatchEvent<T>> {
  const { signal } = options;
  const { history } = collection;
  const matches = selectorOf(collection.kind, options);
  let told = parseVersion(options.resourceVersion, version());
  let place = history.after(told) ?? gone(told, history.floor);
  let wake = () => {};
  using _commits = collection.onCommit(() => wake());
  const onAbort = () => wake();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    while (!signal.aborted) {
      if (place < history.start) gone(told, history.floor);
      const change = history.at(place);
      if (change) {
        place += 1;
        told = change.rv;
        const event = eventOf(collection, change, options.namespace, matches);
        if (event) yield event;
        continue;
      }
      const news = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const timer = options.bookmarks ? setTimeout(() => wake(), bookmarkInterval) : undefined;
      timer?.unref();
      await news;
      clearTimeout(timer);
      if (options.bookmarks && !signal.aborted && !history.at(place) && version() > told) {
        told = version();
        yield bookmark(collection, told);
      }
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
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
