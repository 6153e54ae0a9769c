import { Counter, Histogram, Registry } from 'prom-client';
import type { ApiRequest } from '../../api/kube/requests.ts';
import type { Meter } from '../../lib/meter.ts';
import { countObjects } from './objects.ts';
import type { MetricsOptions } from './options.ts';
import { countProcess } from './process.ts';
import { countVolumes } from './volumes.ts';
import type { Way } from './ways.ts';

/** The metrics page: what was observed so far, and what is counted when it is asked for. */
export interface Page extends Meter {
  observeWay(way: Way, seconds: number): void;
  countRequest(request: ApiRequest): void;
  countObjects(hasMounts: boolean): void;
  text(): Promise<string>;
}

const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const good = new Set(['', 'ok', 'OK', '0']);

/** Opens an empty page. */
export function openPage({ api, mountedVolumes, storeWrites }: MetricsOptions): Page {
  const registry = new Registry();
  const registers = [registry];
  const histogram = (name: string, help: string, labelNames: readonly string[]) =>
    new Histogram({ name, help, labelNames, buckets, registers });
  const series = {
    csi: histogram('moorage_csi_call_seconds', 'How long calls of CSI drivers took.', ['driver', 'method', 'code']),
    step: histogram('moorage_step_seconds', "How long the steps of a claim's way took.", ['step', 'code']),
    reconcile: histogram('moorage_reconcile_seconds', 'How long passes of controllers took.', ['controller', 'code']),
  };
  const ways: Record<Way, Histogram> = {
    bound: histogram('moorage_claim_bound_seconds', 'From the creation of a claim until it was Bound.', []),
    mounted: histogram('moorage_mount_mounted_seconds', 'From the creation of a Mount until it was Mounted.', []),
  };
  const errors = new Counter({
    name: 'moorage_errors_total',
    help: 'Calls, steps and passes that failed, by code.',
    labelNames: ['series', 'code'],
    registers,
  });
  const requests = new Counter({
    name: 'moorage_api_requests_total',
    help: 'Requests to the API server, by verb, resource and HTTP status.',
    labelNames: ['verb', 'resource', 'code'],
    registers,
  });
  if (mountedVolumes) countVolumes(mountedVolumes, registry);
  if (storeWrites) countWrites(storeWrites, registry);
  countProcess(registry);
  return {
    observe(name, labels, seconds) {
      series[name].observe({ ...labels }, seconds);
      const code = labels['code'] ?? '';
      if (!good.has(code)) errors.inc({ series: name, code });
    },
    observeWay: (way, seconds) => ways[way].observe(seconds),
    countRequest: ({ verb, resource, code }) => requests.inc({ verb, resource, code }),
    countObjects: (hasMounts) => countObjects(api, hasMounts, registry),
    text: () => registry.metrics(),
  };
}

function countWrites(storeWrites: () => number, registry: Registry): void {
  new Counter({
    name: 'moorage_store_writes_total',
    help: 'Writes that the store has seen in its life.',
    registers: [registry],
    collect() {
      this.reset();
      this.inc(storeWrites());
    },
  });
}
