import { setTimeout as sleepFor } from 'node:timers/promises';

/** Now, in Kubernetes' format for times: RFC 3339 in UTC, whole seconds. */
export function timestamp(date = new Date()): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

/** The longest that one timer of the runtime can wait: what is longer fires at once. */
const longestTimer = 2 ** 31 - 1;

/** A timer that was started; stopping it twice, or after it fired, does nothing. */
export interface Timer extends Disposable {
  stop(): void;
  /** Lets the process end before it fires. */
  unref(): this;
}

/**
 * Calls back once, after so many milliseconds, however many: every delay that is computed, or that somebody else wrote
 * down, goes through here. What is no number never fires.
 */
export function startTimer(ms: number, callback: () => void): Timer {
  let left = Number.isNaN(ms) ? Number.POSITIVE_INFINITY : ms;
  let waits = true;
  let timer: NodeJS.Timeout;
  const arm = () => {
    const next = Math.min(left, longestTimer);
    left -= next;
    timer = setTimeout(() => {
      if (left > 0) arm();
      else callback();
    }, next);
    if (!waits) timer.unref();
  };
  arm();
  const stop = () => clearTimeout(timer);
  return {
    stop,
    unref() {
      waits = false;
      timer.unref();
      return this;
    },
    [Symbol.dispose]: stop,
  };
}

/** Waits that many milliseconds, however many; rejects with an AbortError as soon as the signal aborts. */
export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  let left = Number.isNaN(ms) ? Number.POSITIVE_INFINITY : ms;
  do {
    const next = Math.min(left, longestTimer);
    left -= next;
    await sleepFor(next, undefined, signal ? { signal } : undefined);
  } while (left > 0);
}
