import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fail, messageOf } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';

/** What is not well, by the name of the part; nothing for a part that is. */
export type Look = () => Promise<Readonly<Record<string, string | undefined>>>;

export interface HealthOptions {
  /** Where to listen; without a host, on every address. Port 0 takes a free one. */
  readonly host?: string | undefined;
  readonly port: number;
  readonly log: Log;
  /** Whether this process is worth keeping: what a restart would mend. */
  readonly live: Look;
  /** Whether it does its work now. */
  readonly ready: Look;
  /** The text of /metrics. */
  readonly metrics: () => Promise<string>;
}

/** The answers for a kubelet's probes and for Prometheus. */
export interface Health extends AsyncDisposable {
  readonly port: number;
}

/**
 * Serves /healthz, /readyz and /metrics over HTTP. A probe is answered with 200, or with 503 and what is not well: one
 * line for each part. Throws `in-use` if the port is taken.
 */
export async function serveHealth(options: HealthOptions): Promise<Health> {
  const pages: Readonly<Record<string, () => Promise<Page>>> = {
    '/healthz': () => probe(options.live),
    '/livez': () => probe(options.live),
    '/readyz': () => probe(options.ready),
    '/metrics': async () => ({
      status: 200,
      type: 'text/plain; version=0.0.4; charset=utf-8',
      text: await options.metrics(),
    }),
  };
  const server = createServer((request, response) => {
    answer(pages, request, response).catch((error: unknown) => {
      options.log.error({ path: request.url, error }, 'a probe could not be answered');
      response.destroy();
    });
  });
  server.listen(options.port, options.host);
  try {
    await once(server, 'listening');
  } catch (error) {
    fail('in-use', `serving metrics on port ${options.port}: ${messageOf(error)}; choose another address`, error);
  }
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

interface Page {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

async function probe(look: Look): Promise<Page> {
  const parts = Object.entries(await look());
  const isWell = parts.every(([, problem]) => problem === undefined);
  const lines = parts.map(([part, problem]) => (problem === undefined ? `${part}: ok` : `${part}: ${problem}`));
  return { status: isWell ? 200 : 503, type: 'text/plain; charset=utf-8', text: `${lines.join('\n') || 'ok'}\n` };
}

async function answer(
  pages: Readonly<Record<string, () => Promise<Page>>>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [path = ''] = (request.url ?? '').split('?');
  const page = Object.hasOwn(pages, path) ? await pages[path]?.() : undefined;
  const { status, type, text } = page ?? { status: 404, type: 'text/plain', text: 'There is no such page.\n' };
  if (status === 503) response.setHeader('Cache-Control', 'no-store');
  response.writeHead(status, { 'Content-Type': type }).end(request.method === 'HEAD' ? undefined : text);
}
