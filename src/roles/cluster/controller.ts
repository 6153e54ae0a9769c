import { runAsLeader } from '../../api/leader/leader-election.ts';
import { messageOf } from '../../lib/errors.ts';
import { giveMemoryBack } from '../memory.ts';
import type { ProcessContext } from '../process.ts';
import type { ControllerProcessOptions } from './cluster-options.ts';
import { connectCluster, waitForOwnKinds } from './connect.ts';
import type { UpstreamService } from './upstream-service.ts';

/** A process of a cluster: the controller or an agent. */
export interface ClusterProcess extends AsyncDisposable {
  /** The port of probes and metrics. */
  readonly port: number;
}

const leaseName = 'moorage-controller';
const homeNamespace = 'moorage';

/**
 * Starts what a cluster needs once: the CSI controller service, its callers and the placement of volumes, in the replica
 * that leads. The others stand by, and keep no view of the cluster. With sidecars of others, every replica has the CSI
 * service. Resolves when the process can lead; who does is decided later.
 */
export async function controller(options: ControllerProcessOptions, context: ProcessContext): Promise<ClusterProcess> {
  await using open = new AsyncDisposableStack();
  const { socket, sidecars } = options;
  const { log, signal, fatal } = context;
  const first = importParts();
  const api = open.use(await connectCluster('controller', options.kubeconfig, log));
  const namespace = options.namespace ?? (options.kubeconfig === undefined ? api.namespace : homeNamespace);

  const { createMetrics, serveHealth, createEventRecorder } = await first;
  const metrics = open.use(createMetrics({ api, objects: 'none' }));
  const { meter } = metrics;
  let problem: string | undefined = 'it is starting';
  let service: UpstreamService | undefined;
  const csi = async () => service && { csi: await service.problem() };
  const health = open.use(
    await serveHealth({
      ...options.metrics,
      log,
      metrics: metrics.text,
      live: async () => ({ ...(await csi()) }),
      ready: async () => ({ controller: problem, ...(await csi()) }),
    }),
  );
  await waitForOwnKinds(api, log, signal);
  const events = open.use(createEventRecorder({ api, component: 'moorage', log }));
  const parts = { api, log, events, meter, namespace, pod: options.identity };
  // The sidecars of others choose leaders of their own: each replica answers them.
  if (sidecars === 'upstream') {
    const { serveUpstream } = await import('./upstream-service.ts');
    service = open.use(await serveUpstream(parts, socket));
  }
  problem = undefined;

  const lead = async (ending: AbortSignal) => {
    metrics.countCluster();
    await using _led = service
      ? await service.placement.lead()
      : await import('./leading.ts').then((it) => it.leadAlone(parts, options.directBinding));
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
    import('../../gateways/metrics/metrics.ts'),
    import('../../gateways/health.ts'),
    import('../../api/event-recorder.ts'),
  ]).then(([metrics, health, recorder]) => ({ ...metrics, ...health, ...recorder }));
  first.catch(() => {});
  return first;
}

function aborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) resolve();
  else signal.addEventListener('abort', () => resolve(), { once: true });
  return promise;
}
