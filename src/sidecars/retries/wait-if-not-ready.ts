import type { Result } from '../../api/controller.ts';
import { RpcError } from '../../csi/transport/codes.ts';
import { isCode } from '../../lib/errors.ts';

/** Milliseconds after which to look again for what no event announces. */
const pause = 30_000;

/** What came of some work: its result, or when to look again. */
export type Outcome<T> =
  | { readonly done: T; readonly later?: never }
  | { readonly done?: never; readonly later: Result };

/**
 * Does some work that may have to wait for another object. Such a wait is no failure: what is waited for is watched.
 * A driver that is not ready is a failure.
 */
export async function waitIfNotReady<T>(work: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { done: await work() };
  } catch (error) {
    if (error instanceof RpcError || !isCode(error, 'not-ready')) throw error;
    return { later: { again: pause } };
  }
}
