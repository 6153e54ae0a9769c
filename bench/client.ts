import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Agent, request } from 'undici';
import { parse } from 'yaml';

interface Kubeconfig {
  readonly clusters: readonly {
    readonly cluster: { readonly server: string; readonly 'certificate-authority-data': string };
  }[];
  readonly users: readonly {
    readonly user: { readonly 'client-certificate-data': string; readonly 'client-key-data': string };
  }[];
}

/** Any object, as far as the bench looks into it. */
export interface Thing {
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
  readonly status?: {
    readonly phase?: string;
    readonly readyToUse?: boolean;
    readonly boundVolumeSnapshotContentName?: string;
  };
}

export interface Happening {
  readonly type: string;
  readonly object: Thing;
  /** performance.now() when it was read. */
  readonly at: number;
}

/** The API over HTTPS with nothing between: what a client pays here is the server's doing, not a library's. */
export class Client implements AsyncDisposable {
  readonly #server: string;
  readonly #agent: Agent;
  readonly #stop = new AbortController();

  constructor(kubeconfigFile: string, connections = 8) {
    const config = parse(readFileSync(kubeconfigFile, 'utf8')) as Kubeconfig;
    const cluster = config.clusters[0]?.cluster;
    const user = config.users[0]?.user;
    if (!cluster || !user) throw new Error(`${kubeconfigFile} names no cluster or no user`);
    const decode = (text: string) => Buffer.from(text, 'base64');
    this.#server = cluster.server;
    this.#agent = new Agent({
      connections,
      bodyTimeout: 0,
      connect: {
        ca: decode(cluster['certificate-authority-data']),
        cert: decode(user['client-certificate-data']),
        key: decode(user['client-key-data']),
      },
    });
  }

  /** One request; the answer's body. Throws what the server says if it is no success. */
  async call(method: 'GET' | 'POST' | 'DELETE' | 'PATCH', path: string, body?: object): Promise<unknown> {
    const response = await request(`${this.#server}${path}`, {
      dispatcher: this.#agent,
      method,
      signal: this.#stop.signal,
      ...(body
        ? {
            body: JSON.stringify(body),
            headers: { 'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json' },
          }
        : {}),
    });
    const text = await response.body.text();
    if (response.statusCode < 300) return JSON.parse(text);
    throw new Error(`${method} ${path}: HTTP ${response.statusCode}: ${text.slice(0, 300)}`);
  }

  /** All that happens to the objects below a path from now on, until the client is disposed of. */
  async watch(path: string, onHappening: (happening: Happening) => void): Promise<void> {
    const list = (await this.call('GET', `${path}?limit=1`)) as { metadata: { resourceVersion: string } };
    void this.#follow(path, list.metadata.resourceVersion, onHappening);
  }

  /**
   * Does something, and returns the milliseconds until a happening below the path is the wanted one. The watch is up
   * before. Rejects after two minutes.
   */
  async timed(
    action: () => Promise<unknown>,
    path: string,
    wanted: (happening: Happening) => boolean,
  ): Promise<number> {
    const seen = Promise.withResolvers<number>();
    seen.promise.catch(() => {});
    await this.watch(path, (happening) => {
      if (wanted(happening)) seen.resolve(happening.at);
    });
    const timer = setTimeout(() => seen.reject(new Error(`nothing happened below ${path} in two minutes`)), 120_000);
    try {
      const started = performance.now();
      await action();
      return (await seen.promise) - started;
    } finally {
      clearTimeout(timer);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('the bench is done with it'));
    await this.#agent.destroy();
  }

  /** A server may end a watch at any time: it goes on from the last version seen. */
  async #follow(path: string, from: string, onHappening: (happening: Happening) => void): Promise<void> {
    let version = from;
    const url = new URL(`${this.#server}${path}`);
    while (!this.#stop.signal.aborted) {
      url.search = new URLSearchParams({ watch: 'true', resourceVersion: version }).toString();
      try {
        const { body } = await request(url, { dispatcher: this.#agent, signal: this.#stop.signal });
        for await (const line of createInterface({ input: body })) {
          const { type, object } = JSON.parse(line) as Happening;
          version = object.metadata.resourceVersion;
          onHappening({ type, object, at: performance.now() });
        }
      } catch (error) {
        if (!this.#stop.signal.aborted) throw error;
      }
    }
  }
}
