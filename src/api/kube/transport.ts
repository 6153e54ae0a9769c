import { sleep } from '../../lib/clock.ts';
import { fail, MoorageError } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import { errorOf } from '../status.ts';
import type { Connection, Credentials } from './credentials/connection.ts';
import { explainFailure } from './failures.ts';
import { type HttpAnswer, HttpClient } from './http-client.ts';
import { type ApiRequest, requests } from './requests.ts';

export interface Call {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** What the metrics call it: the verb, and the resource with its subresource. */
  readonly verb: string;
  readonly resource: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  /** Media type of the body. Default application/json. */
  readonly type?: string;
  readonly signal?: AbortSignal;
}

export interface TransportOptions {
  readonly connection: Connection;
  /** Who asks, for the server's log: `moorage/1.2.3 (controller)`. */
  readonly userAgent: string;
  readonly log: Log;
}

const requestTimeout = 60_000;
/** Kubernetes sends a bookmark about once a minute: a watch that says nothing for so long has lost its server. */
const silence = 180_000;
/** A server that is too busy says when to come back; so often we do. */
const maxTries = 10;
const longestPause = 30;

/** Requests to one API server over kept connections. Failures are MoorageErrors of the codes that the server meant. */
export class Transport implements AsyncDisposable {
  readonly #options: TransportOptions;
  readonly #connection: Connection;
  readonly #client: HttpClient;
  readonly #stop = new AbortController();
  #awaySince: number | undefined;

  constructor(options: TransportOptions) {
    const { connection } = options;
    this.#options = options;
    this.#connection = connection;
    this.#client = new HttpClient(connection);
  }

  /** The answer as text. */
  async text(call: Call): Promise<string> {
    return await this.#read(call, await this.#send(call, false));
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
    const { body } = await this.#send(call, true);
    let rest = '';
    try {
      body.setEncoding('utf8');
      for await (const chunk of body as AsyncIterable<string>) {
        const lines = (rest + chunk).split('\n');
        rest = lines.pop() ?? '';
        yield* lines.filter((line) => line !== '');
      }
    } catch (error) {
      // Streams end now and then; whether the server is away shows at the next request.
      throw error instanceof MoorageError ? error : explainFailure(this.#doing(call), this.#connection.whenAway, error);
    }
  }

  /** Closes at once; what waits for an answer is told that we are stopping. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new MoorageError('not-ready', 'the connection to the API is closed'));
    this.#client[Symbol.dispose]();
  }

  /** An answer that is no failure. Sends again what the server asked to be sent later, or with newer credentials. */
  async #send(call: Call, isStream: boolean): Promise<HttpAnswer> {
    let credentials = await this.#connection.credentials();
    for (let tries = 1; ; tries += 1) {
      const answer = await this.#request(call, isStream, credentials);
      if (answer.status < 400) return answer;
      const text = await this.#read(call, answer);
      if (answer.status === 401 && tries === 1) {
        const renewed = await this.#connection.credentials(credentials);
        if (renewed !== credentials) {
          credentials = renewed;
          continue;
        }
      }
      const pause = pauseOf(answer);
      if (pause === undefined || tries >= maxTries) {
        throw errorOf(answer.status, parsed(text), this.#doing(call));
      }
      const signal = call.signal ? AbortSignal.any([call.signal, this.#stop.signal]) : this.#stop.signal;
      await sleep(pause, signal).catch((error: unknown) => {
        throw this.#failure(call, error);
      });
    }
  }

  async #request(call: Call, isStream: boolean, { authorization, certificate }: Credentials): Promise<HttpAnswer> {
    this.#stop.signal.throwIfAborted();
    const { method = 'GET', query = {}, body, type = 'application/json', signal } = call;
    const parameters = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
    const search = new URLSearchParams(
      parameters.map(([key, value]): [string, string] => [key, String(value)]),
    ).toString();
    try {
      const answer = await this.#client.request({
        method,
        path: `${call.path}${search ? `?${search}` : ''}`,
        headers: {
          accept: 'application/json',
          'user-agent': this.#options.userAgent,
          ...(body === undefined ? {} : { 'content-type': type }),
          ...(authorization ? { authorization } : {}),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal,
        certificate,
        // Who leads and who lives must be told in time, also when hundreds of other requests wait for their turn.
        isApart: isStream || call.resource === 'leases',
        silence: isStream ? silence : requestTimeout,
      });
      this.#tell(call, String(answer.status));
      this.#isBack();
      return answer;
    } catch (error) {
      this.#tell(call, '<error>');
      throw this.#failure(call, error);
    }
  }

  async #read(call: Call, { body }: HttpAnswer): Promise<string> {
    try {
      const chunks: Buffer[] = [];
      for await (const chunk of body as AsyncIterable<Buffer>) chunks.push(chunk);
      return Buffer.concat(chunks).toString('utf8');
    } catch (error) {
      throw this.#failure(call, error);
    }
  }

  #doing({ method = 'GET', path }: Call): string {
    return `${method} ${this.#connection.server}${path}`;
  }

  #tell({ verb, resource }: Call, code: string): void {
    if (requests.hasSubscribers) requests.publish({ verb, resource, code } satisfies ApiRequest);
  }

  /** What went wrong between us and the server, in words for people. */
  #failure(call: Call, error: unknown): Error {
    if (error instanceof MoorageError) return error;
    if (call.signal?.aborted || this.#stop.signal.aborted) {
      return new MoorageError('not-ready', `${this.#doing(call)}: it is no longer wanted`, { cause: error });
    }
    const failure = explainFailure(this.#doing(call), this.#connection.whenAway, error);
    this.#isAway(failure);
    return failure;
  }

  /** One line in the log when the server goes, and one when it is back, however many wait for it. */
  #isAway(failure: MoorageError): void {
    if (this.#awaySince !== undefined) return;
    this.#awaySince = performance.now();
    this.#options.log.warn({ reason: failure.message }, 'the API server does not answer; trying again');
  }

  #isBack(): void {
    if (this.#awaySince === undefined) return;
    const seconds = Math.round((performance.now() - this.#awaySince) / 100) / 10;
    this.#awaySince = undefined;
    this.#options.log.info({ seconds }, 'the API server answers again');
  }
}

/** Milliseconds until the server wants to hear this again; undefined if it does not. As client-go: 429 and 5xx. */
function pauseOf({ status, headers }: HttpAnswer): number | undefined {
  if (status !== 429 && status < 500) return undefined;
  const after = Number(headers['retry-after'] ?? Number.NaN);
  return Number.isFinite(after) && after >= 0 ? Math.min(after, longestPause) * 1_000 : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
