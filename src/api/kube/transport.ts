import { Agent, type Dispatcher } from 'undici';
import { type codeOf, fail, isCode, MoorageError, messageOf } from '../../lib/errors.ts';
import { errorOf } from '../status.ts';
import type { Connection } from './kubeconfig.ts';

export interface Call {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  /** Media type of the body. Default application/json. */
  readonly type?: string;
  readonly signal?: AbortSignal;
}

/** Connections for requests. More wait their turn. */
const maxConnections = 32;
const requestTimeout = 60_000;

/** Requests to one API server over kept connections. Failures are MoorageErrors of the codes that the server meant. */
export class Transport implements AsyncDisposable {
  readonly #connection: Connection;
  readonly #requests: Agent;
  /** Watches keep their connection for themselves. */
  readonly #streams: Agent;

  constructor(connection: Connection) {
    this.#connection = connection;
    const connect = {
      rejectUnauthorized: !connection.insecure,
      ...(connection.authority ? { ca: connection.authority } : {}),
      ...(connection.certificate ? { cert: connection.certificate } : {}),
      ...(connection.key ? { key: connection.key } : {}),
      ...(connection.serverName ? { servername: connection.serverName } : {}),
    };
    this.#requests = new Agent({ connect, connections: maxConnections });
    this.#streams = new Agent({ connect });
  }

  /** The answer as text. */
  async text(call: Call): Promise<string> {
    const response = await this.#send(this.#requests, call);
    return await this.#read(call, response);
  }

  /** The answer as JSON. */
  async json(call: Call): Promise<unknown> {
    const text = await this.text(call);
    try {
      return JSON.parse(text) as unknown;
    } catch (error) {
      return fail('internal', `${this.#doing(call)}: the answer is not JSON`, error);
    }
  }

  /** The lines of an answer that goes on. */
  async *lines(call: Call): AsyncGenerator<string> {
    const response = await this.#send(this.#streams, call);
    let rest = '';
    try {
      response.body.setEncoding('utf8');
      for await (const chunk of response.body as AsyncIterable<string>) {
        const lines = (rest + chunk).split('\n');
        rest = lines.pop() ?? '';
        yield* lines.filter((line) => line !== '');
      }
    } catch (error) {
      throw this.#failure(call, error);
    }
  }

  /** Closes at once; what waits for an answer is told that we are stopping. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#requests.destroy(), this.#streams.destroy()]);
  }

  async #send(agent: Agent, call: Call): Promise<Dispatcher.ResponseData> {
    const { method = 'GET', query = {}, body, type = 'application/json', signal } = call;
    const { origin, pathname } = new URL(this.#connection.server);
    const parameters = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
    const search = new URLSearchParams(
      parameters.map(([key, value]): [string, string] => [key, String(value)]),
    ).toString();
    const authorization = this.#connection.authorization();
    try {
      const response = await agent.request({
        origin,
        path: `${pathname.replace(/\/$/, '')}${call.path}${search ? `?${search}` : ''}`,
        method,
        headers: {
          accept: 'application/json',
          'user-agent': 'moorage',
          ...(body === undefined ? {} : { 'content-type': type }),
          ...(authorization ? { authorization } : {}),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(signal ? { signal } : {}),
        headersTimeout: requestTimeout,
        // A watch with nothing to tell is silent for long.
        bodyTimeout: agent === this.#streams ? 0 : requestTimeout,
      });
      if (response.statusCode < 400) return response;
      const text = await response.body.text();
      throw errorOf(response.statusCode, parsed(text), this.#doing(call));
    } catch (error) {
      throw this.#failure(call, error);
    }
  }

  async #read(call: Call, response: Dispatcher.ResponseData): Promise<string> {
    try {
      return await response.body.text();
    } catch (error) {
      throw this.#failure(call, error);
    }
  }

  #doing({ method = 'GET', path }: Call): string {
    return `${method} ${this.#connection.server}${path}`;
  }

  /** What went wrong between us and the server, in words for people. */
  #failure(call: Call, error: unknown): Error {
    if (error instanceof MoorageError) return error;
    if (call.signal?.aborted) return error instanceof Error ? error : new Error(String(error));
    const { server } = this.#connection;
    const code = systemCodeOf(error);
    const make = (kind: ReturnType<typeof codeOf>, text: string) => new MoorageError(kind, text, { cause: error });
    if (code === 'ECONNREFUSED' || code === 'ENOENT') {
      return make('not-ready', `Moorage is not running at ${server}; start it with \`moorage up\``);
    }
    if (/CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS/.test(code)) {
      return make(
        'permission',
        `${this.#doing(call)}: the server's certificate is not one that the kubeconfig trusts (${messageOf(error)}); is the kubeconfig of this server?`,
      );
    }
    if (/TIMEOUT|ETIMEDOUT/.test(code)) return make('timeout', `${this.#doing(call)}: no answer in time`);
    return make('not-ready', `${this.#doing(call)}: the connection failed: ${messageOf(error)}`);
  }
}

/** True for failures that an idempotent request may simply be sent again after. */
export function isConnectionFailure(error: unknown): boolean {
  return isCode(error, 'not-ready') && error.cause !== undefined && systemCodeOf(error.cause) !== 'ECONNREFUSED';
}

function systemCodeOf(error: unknown): string {
  if (error instanceof AggregateError) return systemCodeOf(error.errors[0]);
  if (error instanceof Error && 'code' in error) return String(error.code);
  return error instanceof Error && error.cause !== undefined ? systemCodeOf(error.cause) : '';
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
