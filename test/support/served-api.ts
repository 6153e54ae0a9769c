import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { type EmbeddedApi, openEmbeddedApi } from '../../src/api/embedded/embedded-api.ts';
import { loadConnection } from '../../src/api/kube/index.ts';
import { type ServerLimits, startApiServer } from '../../src/apiserver/server.ts';
import { silent } from '../../src/lib/log.ts';
import { allKinds } from '../../src/model/kinds/index.ts';

export interface Answer {
  readonly code: number;
  readonly headers: IncomingMessage['headers'];
  readonly raw: Buffer;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: what a server answers is looked at from all sides.
  readonly json: any;
}

export interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON. */
  readonly body?: unknown;
  readonly anonymous?: boolean;
}

/** A served API with an empty store: no controllers, so that nothing changes but what a client changes. */
export interface ServedApi extends AsyncDisposable {
  readonly api: EmbeddedApi;
  readonly dir: string;
  readonly url: string;
  readonly kubeconfigFile: string;
  /** Asks on a connection of its own, as the administrator unless said otherwise. */
  ask(path: string, options?: Ask): Promise<Answer>;
}

/** Serves an API out of a new directory, which goes when it is disposed of. */
export async function serveApi(limits: Partial<ServerLimits> = {}): Promise<ServedApi> {
  const dir = await mkdtemp(join(tmpdir(), 'moorage-served-'));
  await using opening = new AsyncDisposableStack();
  opening.defer(() => rm(dir, { recursive: true, force: true }));
  const api = opening.use(await openEmbeddedApi({ file: join(dir, 'store.db'), log: silent, kinds: allKinds }));
  const metrics = async () => 'moorage_up 1\n';
  const server = opening.use(await startApiServer({ api, dir, port: 0, log: silent, metrics, limits }));
  const { kubeconfigFile, url } = server;
  const open = opening.move();
  return {
    api,
    dir,
    url,
    kubeconfigFile,
    ask: (path, options = {}) => ask(url, kubeconfigFile, path, options),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

async function ask(url: string, kubeconfig: string, path: string, options: Ask): Promise<Answer> {
  const { method = 'GET', headers = {}, body, anonymous = false } = options;
  const { authority, certificate, key } = loadConnection({ kubeconfig });
  const sent = body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  const type = sent === undefined ? {} : { 'content-type': 'application/json', 'content-length': bytesOf(sent) };
  const credential = anonymous ? {} : { cert: certificate, key };
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request(`${url}${path}`, { method, headers: { ...type, ...headers }, ca: authority, agent: false, ...credential })
      .once('response', resolve)
      .once('error', reject)
      .end(sent);
  });
  const received = Buffer.concat(await response.toArray());
  const raw = response.headers['content-encoding'] === 'gzip' ? gunzipSync(received) : received;
  const isJson = response.headers['content-type']?.startsWith('application/json') && raw.length > 0;
  const text = raw.toString();
  return {
    code: response.statusCode ?? 0,
    headers: response.headers,
    raw,
    text,
    json: isJson ? JSON.parse(text) : undefined,
  };
}

function bytesOf(body: string | Buffer): number {
  return typeof body === 'string' ? Buffer.byteLength(body) : body.length;
}
