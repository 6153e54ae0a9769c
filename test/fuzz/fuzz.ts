import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Worker } from 'node:worker_threads';
import { percentile } from '../../bench/statistics.ts';
import { sleep } from '../../src/lib/clock.ts';
import { fail, messageOf } from '../../src/lib/errors.ts';
import { ServerUnderAttack } from '../apiserver/server-under-attack.ts';
import { Flight } from './flight.ts';
import { Http2Lane } from './http2.ts';
import { misbehave } from './misbehaviour.ts';
import type { Probed } from './probe.ts';
import { Random } from './random.ts';
import { type FuzzRequest, request } from './requests.ts';

export interface FuzzOptions {
  readonly seed: number;
  readonly seconds: number;
  /** Only this one request of the seed, as a failure names it: `3:271`. */
  readonly only?: string | undefined;
}

export interface FuzzReport {
  readonly seed: number;
  readonly requests: number;
  readonly misbehaviours: number;
  /** How often each code was the answer; 0: none came, the connection was closed. */
  readonly codes: Readonly<Record<string, number>>;
  /** Milliseconds; `worked` is the most that the server worked for others while one answer was waited for. */
  readonly probes: Readonly<Record<'count' | 'p50' | 'p99' | 'max' | 'worked', number>>;
  /** The most that the server's process had resident, in MiB. */
  readonly memory: number;
  /** What must not be; empty if all is well. */
  readonly problems: readonly string[];
}

const clients = 4;
const misbehaving = 3;
/** Milliseconds that the server may work for others while the probe waits; on a busy machine that takes longer. */
const mostWork = 2_000;
/** Milliseconds within which an answer must come. */
const patience = 30_000;
/** The same for all to end when the time is over. */
const lastPatience = 45_000;
/** MiB. */
const mostMemory = 1_024;
const mostProblems = 20;

/** Asks a server of its own for what nobody should, for some seconds, and looks whether it serves on. */
export async function fuzz({ seed, seconds, only }: FuzzOptions): Promise<FuzzReport> {
  await using server = await ServerUnderAttack.start();
  const attack = new Attack(server, seed);
  const [client = 0, count = 0] = only?.split(':').map(Number) ?? [];
  await (only === undefined ? attack.run(seconds) : attack.request(client, count));
  return attack.report();
}

class Attack {
  readonly #server: ServerUnderAttack;
  readonly #seed: number;
  readonly #over = new AbortController();
  readonly #flight = new Flight();
  readonly #problems: string[] = [];
  readonly #codes: Record<string, number> = {};
  readonly #probed: number[] = [];
  readonly #lanes = new Map<number, Http2Lane>();
  #requests = 0;
  #misbehaviours = 0;
  #memory = 0;
  #worked = 0;

  constructor(server: ServerUnderAttack, seed: number) {
    this.#server = server;
    this.#seed = seed;
  }

  report(): FuzzReport {
    const at = (share: number) => (this.#probed.length > 0 ? Math.round(percentile(this.#probed, share)) : 0);
    return {
      seed: this.#seed,
      requests: this.#requests,
      misbehaviours: this.#misbehaviours,
      codes: this.#codes,
      probes: { count: this.#probed.length, p50: at(50), p99: at(99), max: at(100), worked: this.#worked },
      memory: this.#memory,
      problems: this.#problems,
    };
  }

  /** All of it for some seconds, or until there are problems enough. */
  async run(seconds: number): Promise<void> {
    const probe = await this.#startProbe();
    const ended = new AbortController();
    const timer = setTimeout(() => this.#over.abort(), seconds * 1_000);
    const lanes = (count: number, first: number, work: (lane: number, count: number) => Promise<void>) =>
      Array.from({ length: count }, (_, lane) => this.#repeat((turn) => work(first + lane, turn)));
    const all = Promise.all([
      ...lanes(clients, 0, (client, count) => this.request(client, count)),
      ...lanes(misbehaving, clients, (client, count) => this.#misbehave(client, count)),
      this.#repeat(() => this.#weigh()),
    ]);
    const late = sleep(seconds * 1_000 + lastPatience, ended.signal).then(
      () => this.#problem(`there is no end; the slowest:\n${this.#flight.slowest}`),
      () => {},
    );
    await Promise.race([all, late]);
    ended.abort();
    clearTimeout(timer);
    await probe.terminate();
    for (const lane of this.#lanes.values()) lane[Symbol.dispose]();
  }

  /** One request, and what there is to say of its answer. */
  async request(client: number, count: number): Promise<void> {
    const it = request(new Random(this.#seed, client, count));
    this.#requests += 1;
    using _asked = this.#flight.begin(`request ${client}:${count} ${shown(it)}`);
    const answer = await this.#ask(client, it).catch((error: unknown) => ({ code: 0, text: messageOf(error) }));
    this.#note(answer.code);
    const wrong = wrongWith(answer);
    if (wrong) this.#problem(`request ${client}:${count} ${shown(it)}\n  ${wrong}`);
  }

  /** Every other client speaks HTTP/2, as far as it can. */
  async #ask(client: number, it: FuzzRequest): Promise<Answer> {
    const answer = client % 2 === 1 ? await this.#lane(client).ask(it, patience) : undefined;
    return answer ?? (await ask(this.#server, it));
  }

  #lane(client: number): Http2Lane {
    const lane = this.#lanes.get(client) ?? new Http2Lane(this.#server.kubeconfig);
    this.#lanes.set(client, lane);
    return lane;
  }

  async #misbehave(client: number, count: number): Promise<void> {
    this.#misbehaviours += 1;
    using _asked = this.#flight.begin(`misbehaviour ${client}:${count}`);
    const { what, codes, text } = await misbehave(this.#server, new Random(this.#seed, client, count));
    for (const code of codes) this.#note(code);
    if (codes.some((code) => code >= 500 && code !== 504)) this.#problem(`${what} ${client}:${count}: ${text}`);
  }

  async #weigh(): Promise<void> {
    this.#memory = Math.max(this.#memory, Math.round((await this.#server.memory()) / 1024 ** 2));
    if (this.#memory > mostMemory) fail('exhausted', `the server takes ${this.#memory} MiB`);
    await sleep(250, this.#over.signal).catch(() => {});
  }

  async #startProbe(): Promise<Worker> {
    const workerData = { kubeconfig: this.#server.kubeconfig, pid: this.#server.pid };
    const probe = new Worker(new URL('./probe.ts', import.meta.url), { workerData });
    probe.on('message', ({ ms, worked, problem }: Probed) => {
      this.#probed.push(ms);
      if (problem !== undefined) this.#problem(`probe: ${problem}`);
      this.#worked = Math.max(this.#worked, Math.round(worked));
      if (worked > mostWork || ms > patience) {
        const took = `${Math.round(ms)} ms, the server worked ${Math.round(worked)} ms`;
        this.#problem(`probe: an answer took ${took}; the slowest before it:\n${this.#flight.slowest}`);
      }
    });
    probe.on('error', (error) => {
      this.#problem(`probe: ${messageOf(error)}`);
      this.#over.abort();
    });
    await once(probe, 'message');
    return probe;
  }

  /** Does something again and again until it is over, or fails, which it should not. */
  async #repeat(work: (count: number) => Promise<void>): Promise<void> {
    try {
      for (let count = 0; !this.#over.signal.aborted; count += 1) await work(count);
    } catch (error) {
      this.#problem(messageOf(error));
      this.#over.abort();
    }
  }

  #problem(text: string): void {
    this.#problems.push(text.slice(0, 5_000));
    if (this.#problems.length >= mostProblems) this.#over.abort();
  }

  #note(code: number): void {
    this.#codes[code] = (this.#codes[code] ?? 0) + 1;
  }
}

interface Answer {
  readonly code: number;
  readonly type?: string | undefined;
  readonly text: string;
}

async function ask(server: ServerUnderAttack, { method, path, headers, body }: FuzzRequest): Promise<Answer> {
  const length = body ? { 'content-length': String(body.length) } : {};
  const asked = server.request(path, { method, headers: { ...headers, ...length }, timeout: patience });
  asked.once('timeout', () => asked.destroy(new Error(`no answer within ${patience} ms`)));
  // A server that has refused what is still being sent closes the connection.
  asked.on('error', () => {});
  asked.end(body);
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  const text = Buffer.concat(await response.toArray()).toString();
  const isPacked = response.headers['content-encoding'] !== undefined;
  return { code: response.statusCode ?? 0, type: isPacked ? undefined : response.headers['content-type'], text };
}

/** What is wrong with an answer, whatever the question. */
function wrongWith({ code, type, text }: Answer): string | undefined {
  const isYetToCome = code === 504 && text.includes('Too large resource version');
  if (code >= 500 && !isYetToCome) return `${code} ${text}`;
  if (
    code === 0 &&
    !/ECONNRESET|EPIPE|socket hang up|aborted|stream was closed|ERR_HTTP2|session has been destroyed/.test(text)
  )
    return text;
  if (type !== 'application/json' || text === '') return undefined;
  try {
    // The lines of a watch are one object each.
    for (const line of text.trim().split('\n')) JSON.parse(line);
    return undefined;
  } catch {
    return `${code}, but not JSON: ${text}`;
  }
}

function shown({ method, path, headers, body }: FuzzRequest): string {
  const text = body && JSON.stringify(body.subarray(0, 1_000).toString('latin1'));
  return `${method} ${path.slice(0, 1_000)} ${JSON.stringify(headers).slice(0, 500)} ${body?.length ?? 0} bytes ${text ?? ''}`;
}
