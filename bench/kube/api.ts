/**
 * Measures the embedded API beside the API server of a Kubernetes (with etcd), in turns, and prints what it saw: whole
 * lists, and how soon many watchers see the events of a burst. `npm run bench:api`; `--quick` does a little of it.
 */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { loadConnection } from '../../src/api/kube/index.ts';
import { fail } from '../../src/lib/errors.ts';
import { startCluster } from '../../test/kube/cluster/index.ts';
import { Stage } from '../stage.ts';
import { percentile } from '../statistics.ts';

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });
const scale = values.quick
  ? { objects: 500, lists: 3, watchers: 10, events: 50, rounds: 2 }
  : { objects: 10_000, lists: 11, watchers: 50, events: 500, rounds: 5 };
const maps = '/api/v1/namespaces/default/configmaps';
const writers = 16;

/** One of the two servers, as a client that adds nothing of its own sees it. */
class Server {
  readonly name: string;
  readonly #agent: Agent;
  readonly #url: string;

  constructor(name: string, kubeconfig: string) {
    const { server, authority, certificate, key } = loadConnection({ kubeconfig });
    this.name = name;
    this.#url = server;
    this.#agent = new Agent({ keepAlive: true, ca: authority, cert: certificate, key });
  }

  async open(method: string, path: string, body?: object): Promise<IncomingMessage> {
    const text = body && JSON.stringify(body);
    const headers = text ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) } : {};
    const asked = request(`${this.#url}${path}`, { method, headers, agent: this.#agent });
    asked.end(text);
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    return response;
  }

  async ask(method: string, path: string, body?: object): Promise<number> {
    const response = await this.open(method, path, body);
    let length = 0;
    for await (const piece of response as AsyncIterable<Buffer>) length += piece.length;
    if ((response.statusCode ?? 0) >= 300) fail('internal', `${this.name}: ${method} ${path}: ${response.statusCode}`);
    return length;
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}

const map = (name: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, labels: { app: 'bench' } },
  data: { text: 'x'.repeat(1_000) },
});

async function make(server: Server, prefix: string, count: number, onSend?: (name: string) => void): Promise<void> {
  let next = 0;
  const writer = async () => {
    while (next < count) {
      const name = `${prefix}-${next++}`;
      onSend?.(name);
      await server.ask('POST', maps, map(name));
    }
  };
  await Promise.all(Array.from({ length: writers }, writer));
}

/** Milliseconds for a whole list. */
async function list(server: Server): Promise<number> {
  const started = performance.now();
  await server.ask('GET', maps);
  return performance.now() - started;
}

/** Milliseconds from sending a creation to each watcher's seeing it. */
async function watch(server: Server, round: number): Promise<number[]> {
  const prefix = `round-${round}`;
  const sent = new Map<string, number>();
  const late: number[] = [];
  const seen = Promise.withResolvers<void>();
  const note = (name: string) => {
    late.push(performance.now() - (sent.get(name) ?? Number.NaN));
    if (late.length === scale.watchers * scale.events) seen.resolve();
  };
  const over = new AbortController();
  const follow = async () => {
    let from = await version(server);
    const begun = Promise.withResolvers<void>();
    // A server may end a watch that is slow: it goes on from what was seen last.
    const follows = async () => {
      while (!over.signal.aborted) {
        const response = await server.open('GET', `${maps}?watch=true&resourceVersion=${from}`);
        over.signal.addEventListener('abort', () => response.destroy());
        begun.resolve();
        for await (const line of createInterface({ input: response })) {
          note(/"name":"([^"]*)"/.exec(line)?.[1] ?? '');
          from = /"resourceVersion":"(\d+)"/.exec(line)?.[1] ?? from;
        }
      }
    };
    void follows().catch(seen.reject);
    await begun.promise;
  };
  await Promise.all(Array.from({ length: scale.watchers }, follow));
  await make(server, prefix, scale.events, (name) => sent.set(name, performance.now()));
  await seen.promise;
  over.abort();
  return late;
}

async function version(server: Server): Promise<string> {
  const response = await server.open('GET', `${maps}?limit=1`);
  const { metadata } = JSON.parse(Buffer.concat(await response.toArray()).toString());
  return metadata.resourceVersion;
}

const directory = await mkdtemp(join(tmpdir(), 'moorage-bench-'));
const say = (text: string) => console.error(`bench: ${text}`);
try {
  await using cluster = await startCluster({ directory: join(directory, 'kube'), kcm: 'raised', say });
  await using stage = await Stage.open();
  using ours = new Server('Moorage', stage.program.kubeconfig);
  using peer = new Server('kube-apiserver', cluster.kubeconfig);
  const both = [ours, peer];
  const lists = new Map<Server, number[]>(both.map((server) => [server, []]));
  const events = new Map<Server, number[]>(both.map((server) => [server, []]));
  for (let round = 0; round < scale.rounds; round += 1) {
    for (const server of both) events.get(server)?.push(...(await watch(server, round)));
  }
  say('lists');
  for (const server of both) await make(server, 'listed', scale.objects);
  for (let round = 0; round < scale.lists; round += 1) {
    for (const server of both) lists.get(server)?.push(await list(server));
  }
  console.log('| | Moorage | kube-apiserver | ratio |\n| --- | --- | --- | --- |');
  const row = (what: string, of: Map<Server, number[]>, share: number) => {
    const [a = Number.NaN, b = Number.NaN] = both.map((server) => percentile(of.get(server) ?? [], share));
    console.log(`| ${what} | ${a.toFixed(1)} ms | ${b.toFixed(1)} ms | ${(a / b).toFixed(2)} |`);
  };
  row(`a whole list of ${scale.objects} objects, median`, lists, 50);
  for (const share of [50, 99]) {
    row(`an event of a burst at one of ${scale.watchers} watchers, p${share}`, events, share);
  }
} finally {
  await rm(directory, { recursive: true, force: true });
}
