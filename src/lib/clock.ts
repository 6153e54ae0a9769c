import { setTimeout as sleepFor } from 'node:timers/promises';

/** Now, in Kubernetes' format for times: RFC 3339 in UTC, whole seconds. */
export function timestamp(date = new Date()): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

/** Waits that many milliseconds; rejects with an AbortError as soon as the signal aborts. */
export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  await sleepFor(ms, undefined, signal ? { signal } : undefined);
}
