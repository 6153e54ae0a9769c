import { runAsLeader } from '../api/leader-election.ts';
import { messageOf } from '../lib/errors.ts';
import { driverName } from '../model/kinds/moorage.ts';
import { connectCluster, waitForOwnKinds } from './cluster.ts';
import type { ControllerOptions } from './cluster-options.ts';
import { giveMemoryBack } from './memory.ts';
import { probeOf } from './probe.ts';
import type { ProcessContext } from './process.ts';

/** A role of a cluster, running in this process. */
export interface ClusterRole extends AsyncDisposable {
  /** The port of probes and metrics. */
  readonly port: number;
}

const leaseName = 'moorage-controller';
const homeNamespace = 'moorage';

/**
 * Starts what a cluster needs once: the CSI controller service, in every replica, and in the one that leads also the
 * callers of CSI and the placement of volumes. Resolves when the service answers; who leads is decided later.
 */
export async function controller(options: ControllerOptions, context: ProcessContext): Promise<ClusterRole> {
  await using open = new AsyncDisposableStack();
  const { socket, sidecars } = options;
  const { log, signal, fatal } = context;
  const parts = importParts();
  const api = open.use(await connectCluster('controller', options.kubeconfig, log));
  const namespace = options.namespace ?? (options.kubeconfig === undefined ? api.namespace : homeNamespace);

  const { createMetrics, serveHealth, createEventRecorder } = await parts.first;
  const metrics = open.use(createMetrics({ api, objects: 'cluster' }));
  const { meter } = metrics;
  let problem: string | undefined = 'it is starting';
  const probe = open.use(probeOf(socket));
  const health = open.use(
    await serveHealth({
      ...options.metrics,
      log,
      metrics: metrics.text,
      live: async () => (problem ? {} : { csi: await probe.problem() }),
      ready: async () => ({ controller: problem, ...(problem ? {} : { csi: await probe.problem() }) }),
    }),
  );
  await waitForOwnKinds(api, log, signal);
  const events = open.use(createEventRecorder({ api, component: 'moorage', log }));
  const { startPlacement, startCsiDriver } = await parts.storage;
  const placement = open.use(await startPlacement({ api, log, events, meter, namespace }));
  const measureCalls = sidecars === 'upstream';
  const { room } = placement;
  open.use(await startCsiDriver({ services: ['controller'], api, room, socket, log, meter, measureCalls }));
  problem = undefined;

  const lead = async (ending: AbortSignal) => {
    await using led = new AsyncDisposableStack();
    led.use(await placement.lead());
    if (sidecars === 'own') {
      const { openDrivers, startSidecars } = await import('../sidecars/start.ts');
      const drivers = led.use(openDrivers({ api, node: undefined, log, meter }));
      await drivers.add({ name: driverName, socket });
      const { directBinding } = options;
      const inCluster = { attacher: false, mounts: false, capacity: { namespace } };
      led.use(await startSidecars({ api, drivers, log, events, meter, directBinding, ...inCluster }));
    }
    await aborted(ending);
  };
  const stop = new AbortController();
  const election = runAsLeader({
    api,
    lease: leaseName,
    namespace,
    identity: options.identity,
    log,
    lead,
    signal: stop.signal,
    onOverdue: () => fatal(undefined, 'leadership was lost, and its work did not stop in time; ending'),
  });
  election.catch((error: unknown) => {
    if (!stop.signal.aborted) fatal(error, `the work of the leader failed: ${messageOf(error)}`);
  });
  open.defer(async () => {
    stop.abort();
    await election;
  });
  open.use(giveMemoryBack());
  const owned = open.move();
  return { port: health.port, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Loads the parts while the connection is made. What only a leader needs is loaded by the one that leads. */
function importParts() {
  const first = Promise.all([
    import('../gateways/metrics/metrics.ts'),
    import('../gateways/health/health.ts'),
    import('../api/event-recorder.ts'),
  ]).then(([metrics, health, recorder]) => ({ ...metrics, ...health, ...recorder }));
  const storage = Promise.all([import('../volumes/start-placement.ts'), import('../csi/driver/start.ts')]).then(
    ([placement, driver]) => ({ ...placement, ...driver }),
  );
  for (const part of [first, storage]) part.catch(() => {});
  return { first, storage };
}

function aborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) resolve();
  else signal.addEventListener('abort', () => resolve(), { once: true });
  return promise;
}
