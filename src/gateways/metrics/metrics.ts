import { Counter, Histogram, Registry } from 'prom-client';
import type { Api } from '../../api/api.ts';
import type { Meter } from '../../lib/meter.ts';
import { countObjects } from './objects.ts';
import { countProcess } from './process.ts';
import { timeWays } from './ways.ts';

/** What happens, as Prometheus text. */
export interface Metrics extends Disposable {
  readonly meter: Meter;
  /** The page, in Prometheus' text format 0.0.4. */
  text(): Promise<string>;
}

const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const good = new Set(['', 'ok', 'OK', '0']);

/** Opens the metrics. What can be counted when somebody asks is counted then; nothing wakes an idle process. */
export function createMetrics({ api }: { readonly api: Api }): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const histogram = (name: string, help: string, labelNames: readonly string[]) =>
    new Histogram({ name, help, labelNames, buckets: seconds, registers });
  const series = {
    csi: histogram('moorage_csi_call_seconds', 'How long calls of CSI drivers took.', ['driver', 'method', 'code']),
    step: histogram('moorage_step_seconds', "How long the steps of a claim's way took.", ['step', 'code']),
    reconcile: histogram('moorage_reconcile_seconds', 'How long passes of controllers took.', ['controller', 'code']),
  };
  const errors = new Counter({
    name: 'moorage_errors_total',
    help: 'Calls, steps and passes that failed, by code.',
    labelNames: ['series', 'code'],
    registers,
  });
  countObjects(api, registry);
  countProcess(registry);
  const ways = timeWays(api, {
    bound: histogram('moorage_claim_bound_seconds', 'From the creation of a claim until it was Bound.', []),
    mounted: histogram('moorage_mount_mounted_seconds', 'From the creation of a Mount until it was Mounted.', []),
  });
  return {
    meter: {
      observe(name, labels, value) {
        series[name].observe({ ...labels }, value);
        const code = labels['code'] ?? '';
        if (!good.has(code)) errors.inc({ series: name, code });
      },
    },
    text: () => registry.metrics(),
    [Symbol.dispose]: () => ways[Symbol.dispose](),
  };
}
