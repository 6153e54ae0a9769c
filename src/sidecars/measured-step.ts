import { codeOf } from '../lib/errors.ts';
import type { Meter } from '../lib/meter.ts';

/** Does one step of a claim's way and reports how long it took, and how it ended, to the meter. */
export async function measuredStep<T>(meter: Meter, step: string, work: () => Promise<T>): Promise<T> {
  const started = performance.now();
  const report = (code: string) => meter.observe('step', { step, code }, (performance.now() - started) / 1_000);
  try {
    const result = await work();
    report('ok');
    return result;
  } catch (error) {
    report(codeOf(error));
    throw error;
  }
}
