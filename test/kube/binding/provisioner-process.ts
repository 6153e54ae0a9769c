/** Our callers of CSI as a process of its own, for tests that kill it: `node provisioner-process.ts KUBECONFIG SOCKET`. */
import { createEventRecorder } from '../../../src/api/event-recorder.ts';
import { connectKube } from '../../../src/api/kube/index.ts';
import { type ApiRequest, requests } from '../../../src/api/kube/requests.ts';
import { openLog } from '../../../src/lib/log.ts';
import { noMeter } from '../../../src/lib/meter.ts';
import { openDrivers } from '../../../src/sidecars/drivers/registry.ts';
import { startSidecars } from '../../../src/sidecars/start.ts';

const [kubeconfig, socket = '', direct = 'true'] = process.argv.slice(2);
const log = openLog(process.env['MOORAGE_LOG'] ?? 'error');
const counts: Record<string, number> = {};
requests.subscribe((message) => {
  const { verb, resource, code } = message as ApiRequest;
  const name = `${verb} ${resource} ${code}`;
  counts[name] = (counts[name] ?? 0) + 1;
});
// Whoever writes a line gets what was counted until then, and the processor time in milliseconds.
process.stdin.on('data', () => {
  const { user, system } = process.cpuUsage();
  process.stdout.write(`${JSON.stringify({ counts, cpu: Math.round((user + system) / 1_000) })}\n`);
});

const api = connectKube({ kubeconfig, log });
const events = createEventRecorder({ api, component: 'memory.example.com', log });
const drivers = openDrivers({ api, node: undefined, log, meter: noMeter });
await drivers.add({ socket });
await startSidecars({
  api,
  drivers,
  log,
  events,
  meter: noMeter,
  directBinding: direct === 'true',
  attacher: false,
  hasScheduler: true,
  capacity: { namespace: 'default' },
});
// Whoever has started it may go without a word.
process.stdin.on('end', () => process.exit());
process.stdout.write('ready\n');
