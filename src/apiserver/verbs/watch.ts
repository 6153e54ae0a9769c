import type { List, ListOptions, WatchEvent } from '../../api/api.ts';
import { selectorOf } from '../../api/selectors.ts';
import { failure, refuse, type Status, statusOf } from '../../api/status.ts';
import { isCode } from '../../lib/errors.ts';
import { apiVersionOf } from '../../model/kind.ts';
import type { KubeObject } from '../../model/object.ts';
import type { ApiResponse } from '../wire/exchange.ts';
import { Outlet } from '../wire/outlet.ts';
import type { Encoded, Encoding } from '../wire/reply/encoding.ts';
import { encodingOf } from '../wire/reply/wanted-encoding.ts';
import { aboutOf, type Call, count, flag, selectorsOf } from './call.ts';

/** Seconds that a watch lasts if it does not say: this, or up to twice as long, so that not all come back at once. */
const usualTimeout = 1_800;
const longestTimeout = 86_400;

/** Characters, or bytes, that are gathered before they are sent: a TLS record costs more than an event. */
const batchLength = 40 * 1024;
/** So many objects of the state at the beginning are held on to at once. */
const pageLength = 500;

/**
 * GET of a collection with `watch`: one line of JSON, or one frame of protobuf, for each change, until the client goes, its time or its
 * credential is over, or the server stops. A client that does not read costs one batch, until what it has not read is no longer kept: then it is
 * told so (410), and lists again.
 */
export async function watchObjects(call: Call, response: ApiResponse, stopping: AbortSignal): Promise<void> {
  const { query } = call;
  const encoding = await encodingOf(call, true);
  const seconds = count(query, 'timeoutSeconds') || Math.round(usualTimeout * (1 + Math.random()));
  const initial = initialOf(query);
  // A selector that can't be read is refused before anything is promised.
  selectorOf(call.kind, selectorsOf(call));
  const over = new AbortController();
  const end = () => over.abort();
  response.once('close', end);
  stopping.addEventListener('abort', end, { once: true });
  // Nobody sees what happens after their credential has ended.
  const left = (call.user.until ?? Number.POSITIVE_INFINITY) - Date.now();
  const timer = setTimeout(end, Math.min(Math.min(seconds, longestTimeout) * 1000, left));
  if (stopping.aborted) end();
  try {
    response.writeHead(200, { 'Content-Type': encoding.type, 'Cache-Control': 'no-cache, private' });
    response.flushHeaders?.();
    const outlet = new Outlet(response);
    for await (const batch of batchesOf(call, encoding, initial, over.signal)) {
      // Of what is as long as a large object, there may be as many as there are watches.
      const isLong = batch.length > batchLength * 2;
      using _held = isLong ? await call.admitted.reply(() => ({ value: batch, size: batch.length })) : undefined;
      if (!(await outlet.send(batch))) break;
    }
    outlet.end();
  } finally {
    clearTimeout(timer);
    stopping.removeEventListener('abort', end);
  }
}

/** Whether a watch begins with all there is, and whether it says when that was all. */
type Initial = 'none' | 'state' | 'state-and-mark';

function initialOf(query: URLSearchParams): Initial {
  const version = query.get('resourceVersion') ?? '';
  const match = query.get('resourceVersionMatch');
  if (version !== '' && !/^\d+$/.test(version))
    refuse(400, 'BadRequest', `resourceVersion: Invalid value: "${version}": it is not a number`);
  if (query.has('sendInitialEvents')) {
    if (match !== 'NotOlderThan')
      forbidden('resourceVersionMatch', 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan');
    return flag(query, 'sendInitialEvents') ? 'state-and-mark' : 'none';
  }
  if (match)
    forbidden(
      'resourceVersionMatch',
      'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
    );
  return version === '' || version === '0' ? 'state' : 'none';
}

/** The events of a watch, gathered as far as they are there. */
async function* batchesOf(
  call: Call,
  encoding: Encoding,
  initial: Initial,
  signal: AbortSignal,
): AsyncGenerator<Encoded> {
  const { api, kind, namespace, query } = call;
  const bookmarks = flag(query, 'allowWatchBookmarks');
  const selection = { namespace, ...selectorsOf(call) };
  try {
    let resourceVersion = query.get('resourceVersion') || '0';
    if (initial === 'none' && resourceVersion === '0') resourceVersion = api.resourceVersion;
    if (initial !== 'none') {
      resourceVersion = yield* stateOf(call, encoding, selection, signal);
      if (initial === 'state-and-mark' && bookmarks) yield encoding.event(endOfInitial(call, resourceVersion));
    }
    const reader = api.reader(kind, { ...selection, resourceVersion, bookmarks, signal });
    while (!signal.aborted) {
      const batch = nextBatch(
        () => reader.next(),
        (event) => encoding.event(event),
      );
      if (batch) yield batch;
      else {
        const mark = await reader.wait();
        if (mark) yield encoding.event(mark);
      }
    }
    // So that the next watch begins where this one ended.
    const mark = reader.bookmark();
    if (mark) yield encoding.event(mark);
  } catch (error) {
    if (!signal.aborted) yield encoding.failure(watchStatus(error, call));
  }
}

/** All there is, as batches. Returns the version of that state, from which the watch goes on. */
async function* stateOf(
  call: Call,
  encoding: Encoding,
  selection: ListOptions,
  signal: AbortSignal,
): AsyncGenerator<Encoded, string> {
  let page: List<KubeObject> | undefined;
  do {
    page = await call.api.list(call.kind, { ...selection, limit: pageLength, continue: page?.continue });
    const objects = page.items.values();
    for (;;) {
      const batch = nextBatch(
        () => objects.next().value,
        (object) => encoding.event({ type: 'ADDED', object }),
      );
      if (!batch) break;
      yield batch;
    }
  } while (page.continue && !signal.aborted);
  return page.resourceVersion;
}

/** What is there now, up to the length of a batch; undefined if there is nothing. */
function nextBatch<T>(next: () => T | undefined, encode: (item: T) => Encoded): Encoded | undefined {
  let text = '';
  const binary: Uint8Array[] = [];
  for (let length = 0; length < batchLength; ) {
    const item = next();
    if (item === undefined) break;
    const encoded = encode(item);
    if (typeof encoded === 'string') text += encoded;
    else binary.push(encoded);
    length += encoded.length;
  }
  return text || (binary.length > 0 ? Buffer.concat(binary) : undefined);
}

function endOfInitial({ kind }: Call, resourceVersion: string): WatchEvent<KubeObject> {
  const metadata = { name: '', resourceVersion, annotations: { 'k8s.io/initial-events-end': 'true' } };
  return { type: 'BOOKMARK', object: { apiVersion: apiVersionOf(kind), kind: kind.kind, metadata } };
}

/** A version that is no longer there is `Expired` here, not a server that is not ready. */
function watchStatus(error: unknown, call: Call): Status {
  if (isCode(error, 'not-ready')) return failure(410, 'Expired', error.message);
  return statusOf(error, aboutOf(call));
}

function forbidden(field: string, text: string): never {
  const message = `Forbidden: ${text}`;
  return refuse(422, 'Invalid', `ListOptions.meta.k8s.io "" is invalid: ${field}: ${message}`, {
    causes: [{ reason: 'FieldValueForbidden', message, field }],
  });
}
