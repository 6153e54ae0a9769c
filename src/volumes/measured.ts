import type { ControllerOptions } from '../api/controller.ts';
import { codeOf } from '../lib/errors.ts';
import type { Meter } from '../lib/meter.ts';

/** A reconcile function that reports how long its passes take and how they end. */
export function measured(
  meter: Meter,
  controller: string,
  reconcile: ControllerOptions['reconcile'],
): ControllerOptions['reconcile'] {
  return async (key, signal) => {
    const started = performance.now();
    let code = 'ok';
    try {
      return await reconcile(key, signal);
    } catch (error) {
      code = codeOf(error);
      throw error;
    } finally {
      meter.observe('reconcile', { controller, code }, (performance.now() - started) / 1000);
    }
  };
}
