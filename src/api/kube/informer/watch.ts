import { sleep } from '../../../lib/clock.ts';
import { MoorageError } from '../../../lib/errors.ts';
import { type Kind, resourceOf } from '../../../model/kind.ts';
import type { KubeObject } from '../../../model/object.ts';
import type { ListOptions, WatchEvent } from '../../api.ts';
import { errorOf } from '../../status.ts';
import { pathOf } from '../paths.ts';
import type { Transport } from '../transport.ts';
import { slim } from './slim.ts';

/** Milliseconds that a watch lasts at least, before the next one is begun. */
const shortWatch = 1_000;

/** Follows changes. When the server ends a stream in good order, the next one goes on where it ended. */
export async function* watch<T extends KubeObject>(
  transport: Transport,
  kind: Kind<T>,
  options: ListOptions & {
    readonly resourceVersion: string;
    readonly bookmarks?: boolean;
    readonly signal: AbortSignal;
  },
): AsyncGenerator<WatchEvent<T>> {
  const { signal, namespace } = options;
  let { resourceVersion } = options;
  while (!signal.aborted) {
    const started = performance.now();
    const query = { ...selectors(options), watch: true, allowWatchBookmarks: true, resourceVersion };
    try {
      for await (const line of transport.lines({
        verb: 'watch',
        resource: kind.plural,
        path: pathOf(kind, { namespace }),
        query,
        signal,
      })) {
        const event = JSON.parse(line) as WatchEvent<T> | { readonly type: 'ERROR'; readonly object: unknown };
        if (event.type === 'ERROR') throw errorOf(500, event.object, `watching ${resourceOf(kind)}`);
        resourceVersion = event.object.metadata.resourceVersion ?? resourceVersion;
        if (event.type !== 'BOOKMARK' || options.bookmarks) yield { type: event.type, object: slim(event.object) };
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof SyntaxError)
        throw new MoorageError('not-ready', `watching ${resourceOf(kind)}: the stream was cut`);
      throw error;
    }
    // A server that ends its streams at once is not to be asked a thousand times a second.
    if (performance.now() - started < shortWatch) await sleep(shortWatch, signal).catch(() => {});
  }
}

/** The selectors of a list or watch, as query parameters. */
export function selectors({ labelSelector, fieldSelector }: ListOptions) {
  return { labelSelector, fieldSelector };
}
