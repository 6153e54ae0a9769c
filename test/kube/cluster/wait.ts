import { fail, messageOf } from '../../../src/lib/errors.ts';

/**
 * Asks again and again, for at most so many seconds, until the answer is neither undefined nor false, and returns it.
 * An error counts as no answer; the last one is part of the message of the `timeout` that is thrown.
 */
export async function until<T>(what: string, seconds: number, ask: () => Promise<T | undefined | false>): Promise<T> {
  const deadline = performance.now() + seconds * 1000;
  let last: unknown;
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (performance.now() >= deadline) {
      fail('timeout', `${what}: not so after ${seconds} s${last === undefined ? '' : `: ${messageOf(last)}`}`, last);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
