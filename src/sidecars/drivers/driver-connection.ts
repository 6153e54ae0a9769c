import { watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import { connectCsi } from '../../csi/transport/client.ts';
import { RpcError } from '../../csi/transport/codes.ts';
import type { CsiClient } from '../../csi/transport/csi-client.ts';
import { sleep } from '../../lib/clock.ts';
import { isCode } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import type { Meter } from '../../lib/meter.ts';
import { describeFailure } from '../requests/outcome.ts';
import { type Introduction, introduce } from './introduce.ts';
import { measuredClient } from './measured-client.ts';

const firstPause = 50;
const longestPause = 5_000;

export interface DriverConnectionOptions {
  readonly socket: string;
  readonly expected: string | undefined;
  readonly asNode: boolean;
  readonly log: Log;
  readonly meter: Meter;
  /** Called with what the driver said, whenever it has come or come back. A throw means: again later. */
  readonly onReady: (introduction: Introduction, client: CsiClient) => Promise<void>;
  /** Called once if the driver is the wrong one; it is then left alone. */
  readonly onRefused: (error: unknown) => void;
}

/**
 * Keeps in touch with the driver behind a socket: introduces itself until the driver answers, and again when the
 * socket is made anew, since the driver that comes back may be another version with other capabilities.
 */
export class DriverConnection implements AsyncDisposable {
  readonly #options: DriverConnectionOptions;
  readonly #client: CsiClient;
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;
  #name: string;
  #wake: () => void = () => {};
  #changed = false;
  #lastFailure = 'it has not answered';

  constructor(options: DriverConnectionOptions) {
    this.#options = options;
    this.#name = options.expected ?? options.socket;
    this.#client = measuredClient(connectCsi(options.socket), () => this.#name, options.meter);
    this.#done = this.#run();
  }

  /** Why the driver is not ready, as far as is known. */
  get lastFailure(): string {
    return this.#lastFailure;
  }

  async #run(): Promise<void> {
    using watching = new DisposableStack();
    let isWatched = false;
    while (!this.#stop.signal.aborted) {
      for (let pause = firstPause; !this.#stop.signal.aborted; pause = Math.min(pause * 2, longestPause)) {
        isWatched = isWatched || this.#watchSocket(watching);
        this.#changed = false;
        if (await this.#greet()) break;
        await this.#pause(pause);
      }
      await this.#nextChange();
    }
  }

  /** True if the driver answered well, or is to be left alone. */
  async #greet(): Promise<boolean> {
    const { expected, asNode, socket, log } = this.#options;
    const { signal } = this.#stop;
    try {
      const introduction = await introduce(this.#client, { expected, asNode, signal });
      this.#name = introduction.name;
      await this.#options.onReady(introduction, this.#client);
      return true;
    } catch (error) {
      if (signal.aborted) return true;
      if (isCode(error, 'invalid') && !(error instanceof RpcError)) {
        this.#options.onRefused(error);
        return true;
      }
      const reason = describeFailure(error);
      if (reason !== this.lastFailure) log.warn({ socket, reason }, 'csi driver is not ready yet; trying again');
      this.#lastFailure = reason;
      return false;
    }
  }

  #watchSocket(watching: DisposableStack): boolean {
    try {
      const watcher = watch(dirname(this.#options.socket), (_, name) => {
        if (name !== basename(this.#options.socket)) return;
        this.#changed = true;
        this.#wake();
      });
      watcher.on('error', () => {}).unref();
      watching.defer(() => watcher.close());
      return true;
    } catch {
      return false;
    }
  }

  async #pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    if (!this.#changed) await Promise.race([promise, sleep(ms, this.#stop.signal).catch(() => {})]);
  }

  async #nextChange(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    if (!this.#changed && !this.#stop.signal.aborted) await promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('shutting down'));
    this.#wake();
    await this.#done;
    this.#client.close();
  }
}
