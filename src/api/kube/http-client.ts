import {
  type IncomingHttpHeaders,
  type IncomingMessage,
  Agent as PlainAgent,
  request as plainRequest,
} from 'node:http';
import { Agent, request as secureRequest } from 'node:https';
import type { Connection, Credentials } from './credentials/connection.ts';

/** One request, ready to be sent. */
export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** As whom, unless the connection itself has a certificate. Each has connections of its own. */
  readonly certificate?: Credentials['certificate'];
  /** Does not wait for others: an answer that goes on, or a request that a burst of others must not hold up. */
  readonly isApart?: boolean;
  /** Milliseconds of silence after which the request fails. */
  readonly silence: number;
}

/** The begin of an answer; its body follows. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: IncomingMessage;
}

/** Connections for requests. More wait their turn: that, and no count of requests a second, is what spares the server. */
const maxConnections = 32;
/** Kubernetes closes a connection that is idle for 90 s; we do so first, and so never write into one that is closing. */
const idle = 30_000;

/**
 * HTTP/1.1 to one server over kept connections. Node's own client: it is there in every process anyway, and a larger
 * one would be a fifth of what an agent takes in memory.
 */
export class HttpClient implements Disposable {
  readonly #url: URL;
  readonly #send: typeof secureRequest;
  readonly #requests: Agent | PlainAgent;
  /** Without a limit. */
  readonly #apart: Agent | PlainAgent;
  readonly #running = new Set<{ destroy(error: Error): void }>();

  constructor(connection: Connection) {
    this.#url = new URL(connection.server);
    const isPlain = this.#url.protocol === 'http:';
    const security = {
      rejectUnauthorized: !connection.insecure,
      ...(connection.authority ? { ca: connection.authority } : {}),
      ...(connection.certificate ? { cert: connection.certificate } : {}),
      ...(connection.key ? { key: connection.key } : {}),
      ...(connection.serverName ? { servername: connection.serverName } : {}),
    };
    const make = (options: object) => (isPlain ? new PlainAgent(options) : new Agent({ ...security, ...options }));
    this.#send = isPlain ? plainRequest : secureRequest;
    this.#requests = make({ keepAlive: true, maxSockets: maxConnections, timeout: idle });
    this.#apart = make({ keepAlive: true, timeout: idle });
  }

  /** Resolves when the answer begins. Rejects with the errors of Node's sockets. */
  request({ method, path, headers, body, isApart = false, silence, ...rest }: HttpRequest): Promise<HttpAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
    const { hostname, port, pathname } = this.#url;
    const { signal, certificate } = rest;
    const request = this.#send({
      hostname: hostname.replace(/^\[(.*)\]$/, '$1'),
      port,
      path: `${pathname.replace(/\/$/, '')}${path}`,
      method,
      headers: body === undefined ? headers : { ...headers, 'content-length': String(Buffer.byteLength(body)) },
      agent: isApart ? this.#apart : this.#requests,
      timeout: silence,
      ...(signal ? { signal } : {}),
      ...(certificate ? { cert: certificate.certificate, key: certificate.key } : {}),
    });
    this.#running.add(request);
    request.once('close', () => this.#running.delete(request));
    request.once('timeout', () => request.destroy(new TimeoutError(silence)));
    request.once('error', (error) => {
      if (request.reusedSocket) this.#dropIdle();
      reject(error);
    });
    request.once('response', (answer) =>
      resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: answer }),
    );
    request.end(body);
    return promise;
  }

  /** When one kept connection has ended, the server may have, and the others are of no use either. */
  #dropIdle(): void {
    for (const agent of [this.#requests, this.#apart]) {
      for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
    }
  }

  /** Ends everything at once. */
  [Symbol.dispose](): void {
    for (const request of this.#running) request.destroy(new Error('the connection is closed'));
    this.#requests.destroy();
    this.#apart.destroy();
  }
}

/** Nothing came for too long. */
class TimeoutError extends Error {
  readonly code = 'ETIMEDOUT';

  constructor(ms: number) {
    super(`nothing came for ${ms / 1_000} s`);
  }
}
