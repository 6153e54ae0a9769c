import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { WatchEvent } from '../../api/api.ts';
import { selectorOf } from '../../api/selectors.ts';
import { failure, refuse, type Status, statusOf } from '../../api/status.ts';
import { isCode } from '../../lib/errors.ts';
import { apiVersionOf } from '../../model/kind.ts';
import type { KubeObject } from '../../model/object.ts';
import { type Form, formOf } from '../wire/negotiation.ts';
import { tableOf } from '../wire/table.ts';
import { aboutOf, type Call, count, flag, selectorsOf } from './call.ts';
import { objectText } from './read.ts';

/** Seconds that a watch lasts if it does not say: this, or up to twice as long, so that not all come back at once. */
const usualTimeout = 1_800;

/**
 * GET of a collection with `watch`: one line of JSON for each change, until the client goes, its time is over, or the
 * server stops. A client that does not read holds back only itself, until what it has not read is no longer kept: then
 * it is told so (410), and lists again.
 */
export async function watchObjects(call: Call, response: ServerResponse, stopping: AbortSignal): Promise<void> {
  const { request, query } = call;
  const form = formOf(request, query);
  const seconds = count(query, 'timeoutSeconds') || Math.round(usualTimeout * (1 + Math.random()));
  const initial = initialOf(query);
  // A selector that can't be read is refused before anything is promised.
  selectorOf(call.kind, selectorsOf(call));
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const signal = AbortSignal.any([gone.signal, stopping, AbortSignal.timeout(Math.min(seconds, 86_400) * 1000)]);
  const lines = linesOf(call, form, initial, signal);
  response.writeHead(200, { 'Content-Type': 'application/json', 'Cache-Control': 'no-cache, private' });
  response.flushHeaders();
  for await (const line of lines) {
    if (!write(response, line)) await once(response, 'drain', { signal }).catch(() => {});
    if (signal.aborted) break;
  }
  // What is held back when a response ends would be lost.
  uncork(response);
  response.end();
}

/** Lines of one turn of the event loop go out together: a TLS record costs more than a line. */
function write(response: ServerResponse, line: string): boolean {
  if (response.writableCorked === 0) {
    response.cork();
    setImmediate(() => uncork(response));
  }
  return response.write(line);
}

function uncork(response: ServerResponse): void {
  if (response.writableCorked > 0) response.uncork();
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

async function* linesOf(call: Call, form: Form, initial: Initial, signal: AbortSignal): AsyncGenerator<string> {
  const { api, kind, namespace, query } = call;
  const bookmarks = flag(query, 'allowWatchBookmarks');
  const selection = { namespace, ...selectorsOf(call) };
  try {
    let resourceVersion = query.get('resourceVersion') || '0';
    if (initial === 'none' && resourceVersion === '0') resourceVersion = api.resourceVersion;
    if (initial !== 'none') {
      const list = await api.list(kind, selection);
      for (const object of list.items) yield lineOf(call, form, { type: 'ADDED', object });
      resourceVersion = list.resourceVersion;
      if (initial === 'state-and-mark' && bookmarks) yield lineOf(call, form, endOfInitial(call, resourceVersion));
    }
    for await (const event of api.watch(kind, { ...selection, resourceVersion, bookmarks, signal })) {
      yield lineOf(call, form, event);
    }
  } catch (error) {
    if (!signal.aborted) yield `{"type":"ERROR","object":${JSON.stringify(watchStatus(error, call))}}\n`;
  }
}

function lineOf(call: Call, form: Form, { type, object }: WatchEvent<KubeObject>): string {
  const isTableMark = type === 'BOOKMARK' && form.as === 'table';
  const { resourceVersion } = object.metadata;
  const text = isTableMark
    ? tableOf(call.kind, [], { resourceVersion }, form.table, (it) => call.api.json(it))
    : objectText(call, object, form);
  return `{"type":"${type}","object":${text}}\n`;
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
