import { channel } from 'node:diagnostics_channel';
import { codeOf, isCode, messageOf } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { KubeObject } from '../model/object.ts';
import type { Change, Informer } from './api.ts';
import { WorkQueue } from './work-queue.ts';

/** What a pass over one key asks for next; nothing means: until something changes. */
export interface Result {
  /** Look again after so many milliseconds, even if nothing changed. */
  readonly again?: number;
}

export interface ControllerOptions {
  readonly name: string;
  readonly log: Log;
  /**
   * Brings the world nearer to the wish of one key. It reads the world anew, assumes that the last pass was cut off
   * anywhere, and may be called again with nothing to do. A throw means: again later, ever later.
   */
  // biome-ignore lint/suspicious/noConfusingVoidType: a pass that asks for nothing need not say so.
  readonly reconcile: (key: string, signal: AbortSignal) => Promise<Result | void>;
  /** How many keys at once; one key is never worked on twice at once. Default 16. */
  readonly concurrency?: number;
  /** Longest pause between two tries of a failing key, in milliseconds. Default 30,000. */
  readonly maxBackoff?: number;
}

/** One pass of a controller, as it is told on the diagnostics channel `moorage.reconcile`. */
export interface Pass {
  readonly controller: string;
  /** `ok`, or the code of its error. */
  readonly code: string;
  readonly seconds: number;
}

/** Where every controller of this process tells how long its passes take; costs nothing while nobody listens. */
export const passes = channel('moorage.reconcile');

/** Runs one reconcile function over the keys that watches, timers and failures bring. */
export class Controller implements AsyncDisposable {
  readonly name: string;
  readonly #queue: WorkQueue;
  readonly #watches: (() => Disposable)[] = [];
  readonly #synced: Promise<void>[] = [];
  readonly #open = new DisposableStack();

  constructor(options: ControllerOptions) {
    this.name = options.name;
    const { log } = options;
    this.#queue = new WorkQueue({
      concurrency: options.concurrency ?? 16,
      maxBackoff: options.maxBackoff ?? 30_000,
      work: async (key, signal) => {
        const started = performance.now();
        let code = 'ok';
        try {
          const result = await options.reconcile(key, signal);
          return result ? result.again : undefined;
        } catch (error) {
          code = codeOf(error);
          throw error;
        } finally {
          const pass: Pass = { controller: options.name, code, seconds: (performance.now() - started) / 1_000 };
          if (passes.hasSubscribers) passes.publish(pass);
        }
      },
      onError: (key, error, tries) => {
        const fields = { controller: options.name, key, code: codeOf(error), tries };
        if (isCode(error, 'conflict')) log.debug(fields, 'lost a race; trying again');
        else log.warn({ ...fields, reason: messageOf(error) }, 'pass failed; trying again');
      },
    });
  }

  /** Makes changes of a kind into keys. `keys` sees the new state, and the old one where there is one. */
  watch<T extends KubeObject>(informer: Informer<T>, keys: (object: T, change: Change<T>) => Iterable<string>): this {
    this.#synced.push(informer.synced);
    this.#watches.push(() =>
      informer.onChange((change) => {
        for (const key of keys(change.object, change)) this.#queue.add(key);
      }),
    );
    return this;
  }

  /** Adds a key by hand, now or after some milliseconds. */
  add(key: string, after = 0): void {
    this.#queue.add(key, after);
  }

  /** Starts when every watched view is complete; not at all if it is disposed of before. */
  async start(): Promise<void> {
    await Promise.all(this.#synced);
    if (this.#open.disposed) return;
    for (const watch of this.#watches) this.#open.use(watch());
    this.#queue.start();
  }

  /** No new passes; waits for those that run, whose signal aborts. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#open.dispose();
    await this.#queue.close();
  }
}
