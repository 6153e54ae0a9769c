import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { Agent, type RequestOptions, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { connect, type TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { loadConnection } from '../../src/api/kube/index.ts';
import { fail } from '../../src/lib/errors.ts';

const program = fileURLToPath(new URL('server-process.ts', import.meta.url));

export interface Answer {
  readonly code: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

/** An API server in a process of its own, and ways to misuse it; disposing of it ends the process. */
export class ServerUnderAttack implements AsyncDisposable {
  readonly kubeconfig: string;
  readonly #dir: string;
  readonly #process: ReturnType<typeof spawn>;
  readonly #connection: ReturnType<typeof loadConnection>;
  readonly #agent: Agent;

  private constructor(kubeconfig: string, dir: string, process: ReturnType<typeof spawn>) {
    this.kubeconfig = kubeconfig;
    this.#dir = dir;
    this.#process = process;
    this.#connection = loadConnection({ kubeconfig });
    this.#agent = new Agent({ ...this.#credentials, keepAlive: true });
  }

  get pid(): number {
    return this.#process.pid ?? fail('not-ready', 'the server is no longer there');
  }

  static async start(): Promise<ServerUnderAttack> {
    const dir = await mkdtemp(join(tmpdir(), 'moorage-attacked-'));
    const child = spawn(process.execPath, [program, dir], { stdio: ['pipe', 'pipe', 'inherit'] });
    const [kubeconfig] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    return new ServerUnderAttack(kubeconfig, dir, child);
  }

  get #credentials() {
    const { authority, certificate, key } = this.#connection;
    return { ca: authority, cert: certificate, key };
  }

  /** A request that is not sent yet, on one of the kept connections. */
  request(path: string, options: RequestOptions): ClientRequest {
    const { hostname, port } = new URL(this.#connection.server);
    return request({ ...options, hostname, port, path, agent: this.#agent });
  }

  /** One request of a client that behaves. */
  async ask(path: string, method = 'GET', body?: object): Promise<Answer> {
    const text = body && JSON.stringify(body);
    const asked = this.request(path, {
      method,
      headers: text ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) } : {},
    });
    asked.end(text);
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    const raw = Buffer.concat(await response.toArray());
    return { code: response.statusCode ?? 0, headers: response.headers, text: raw.toString() };
  }

  /** A connection that says nothing yet. */
  async connect(): Promise<TLSSocket> {
    const { hostname, port } = new URL(this.#connection.server);
    const { ca, cert, key } = this.#credentials;
    const socket: TLSSocket = connect({
      host: hostname,
      port: Number(port),
      ca,
      cert,
      key,
    });
    await once(socket, 'secureConnect');
    return socket;
  }

  /** Bytes of memory that the server's process has resident. */
  async memory(): Promise<number> {
    const status = await readFile(`/proc/${this.#process.pid}/status`, 'utf8');
    const kibibytes = /^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? fail('not-ready', 'the server is no longer there');
    return Number(kibibytes) * 1024;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent.destroy();
    if (this.#process.exitCode === null) {
      this.#process.kill('SIGKILL');
      await once(this.#process, 'exit');
    }
    await rm(this.#dir, { recursive: true, force: true });
  }
}
