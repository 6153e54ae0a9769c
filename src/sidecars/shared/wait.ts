import type { Result } from '../../api/controller.ts';
import { RpcError } from '../../csi/transport/codes.ts';
import { isCode } from '../../lib/errors.ts';

/** Milliseconds after which to look again for what no event announces. */
const pause = 30_000;

/**
 * Does some work that may have to wait for another object. Such a wait is no failure: what is waited for is watched.
 * A driver that is not ready is a failure.
 */
export async function waitIfNotReady(work: () => Promise<void>): Promise<Result | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (error instanceof RpcError || !isCode(error, 'not-ready')) throw error;
    return { again: pause };
  }
}
