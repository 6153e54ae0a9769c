import { startTimer, type Timer } from '../lib/clock.ts';
import { isCode } from '../lib/errors.ts';

export interface WorkQueueOptions {
  readonly concurrency: number;
  /** Milliseconds. */
  readonly maxBackoff: number;
  /** Returns the milliseconds after which to look again, or undefined. */
  readonly work: (key: string, signal: AbortSignal) => Promise<number | undefined>;
  readonly onError: (key: string, error: unknown, tries: number) => void;
}

const firstBackoff = 10;

/**
 * A queue of keys. A key that is added while it waits is worked on once; one that is added while it is worked on is
 * worked on once more. A key whose work throws comes back after 10 ms, 20 ms, 40 ms … up to maxBackoff, or
 * as soon as something adds it.
 */
export class WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #ready = new Set<string>();
  readonly #running = new Set<string>();
  readonly #dirty = new Set<string>();
  readonly #later = new Map<string, { readonly at: number; readonly timer: Timer }>();
  readonly #tries = new Map<string, number>();
  readonly #stop = new AbortController();
  #started = false;
  #idle: (() => void) | undefined;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
  }

  /** Adds a key, now or after so many milliseconds; the sooner of two wishes wins. */
  add(key: string, after = 0): void {
    if (this.#stop.signal.aborted) return;
    if (after > 0) {
      this.#addLater(key, after);
      return;
    }
    this.#forgetTimer(key);
    if (this.#running.has(key)) this.#dirty.add(key);
    else this.#ready.add(key);
    this.#pump();
  }

  start(): void {
    this.#started = true;
    this.#pump();
  }

  /** Ends when nothing runs any more. */
  async close(): Promise<void> {
    this.#stop.abort(new Error('shutting down'));
    for (const { timer } of this.#later.values()) timer.stop();
    this.#later.clear();
    this.#ready.clear();
    if (this.#running.size > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
  }

  #addLater(key: string, after: number): void {
    const at = performance.now() + after;
    const waiting = this.#later.get(key);
    if (waiting && waiting.at <= at) return;
    this.#forgetTimer(key);
    const timer = startTimer(after, () => {
      this.#later.delete(key);
      this.add(key);
    });
    this.#later.set(key, { at, timer });
  }

  #forgetTimer(key: string): void {
    this.#later.get(key)?.timer.stop();
    this.#later.delete(key);
  }

  #pump(): void {
    if (!this.#started || this.#stop.signal.aborted) return;
    for (const key of this.#ready) {
      if (this.#running.size >= this.#options.concurrency) return;
      this.#ready.delete(key);
      this.#running.add(key);
      void this.#run(key);
    }
  }

  async #run(key: string): Promise<void> {
    try {
      const again = await this.#options.work(key, this.#stop.signal);
      this.#tries.delete(key);
      if (again !== undefined) this.add(key, Math.max(again, 1));
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#retry(key, error);
    }
    this.#running.delete(key);
    if (this.#dirty.delete(key) && !this.#stop.signal.aborted) this.#ready.add(key);
    if (this.#running.size === 0) this.#idle?.();
    this.#pump();
  }

  #retry(key: string, error: unknown): void {
    const tries = (this.#tries.get(key) ?? 0) + 1;
    this.#tries.set(key, tries);
    this.#options.onError(key, error, tries);
    const pause = isCode(error, 'conflict') ? firstBackoff : firstBackoff * 2 ** Math.min(tries - 1, 20);
    this.add(key, Math.min(pause, this.#options.maxBackoff));
  }
}
