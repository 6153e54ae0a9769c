import { join } from 'node:path';
import type { Context } from '../../api/context.ts';
import type { EmbeddedApi } from '../../api/embedded/embedded-api.ts';
import type { EventRecorder } from '../../api/events.ts';
import type { MetricsOptions } from '../../gateways/metrics/options.ts';
import type { Log } from '../../lib/log.ts';
import type { Meter } from '../../lib/meter.ts';
import type { DriverRegistry } from '../../sidecars/drivers/driver.ts';
import type { UpOptions } from './up-options.ts';

/** The API of a server, served. */
export interface RunningServer extends AsyncDisposable {
  readonly url: string;
  readonly kubeconfigFile: string;
  /** The certificate of the authority that the API's own is from, as PEM. */
  readonly authority: string;
  readonly meter: Meter;
  readonly events: EventRecorder;
}

/** Opens the store of a server, in its data directory. */
export async function openStore(
  { data, acceptStoreVersion: acceptVersion }: Pick<UpOptions, 'data' | 'acceptStoreVersion'>,
  log: Log,
): Promise<EmbeddedApi> {
  const { openEmbeddedApi, allKinds } = await storeParts();
  return await openEmbeddedApi({ file: join(data, 'store.db'), log, kinds: allKinds, acceptVersion });
}

/** Serves the API to clients, with metrics, and makes the objects by which clients find it. */
export async function serveApi(
  options: Pick<UpOptions, 'data' | 'listen' | 'port'> & Pick<MetricsOptions, 'mountedVolumes'>,
  api: EmbeddedApi,
  log: Log,
): Promise<RunningServer> {
  const { createMetrics, startApiServer, createEventRecorder, ensureApiService } = await servingParts();
  const { data: dir, listen: host, port, mountedVolumes } = options;
  await using open = new AsyncDisposableStack();
  const storeWrites = () => Number(api.resourceVersion);
  const metrics = open.use(createMetrics({ api, storeWrites, ...(mountedVolumes && { mountedVolumes }) }));
  const server = open.use(await startApiServer({ api, dir, host, port, log, metrics: metrics.text }));
  const events = open.use(createEventRecorder({ api, component: 'moorage', log }));
  await ensureApiService(api, server.port);
  const owned = open.move();
  const { url, kubeconfigFile, authority } = server;
  return {
    ...{ url, kubeconfigFile, authority, events },
    meter: metrics.meter,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

export interface ControlPlaneOptions extends Context {
  readonly drivers: DriverRegistry;
  /** The node of Mounts that name none. */
  readonly node: string;
  readonly authority: string;
}

/** Starts what a cluster needs once: the callers of CSI, for the drivers of the registry, and the orchestrator. */
export async function startControlPlane(options: ControlPlaneOptions): Promise<AsyncDisposable> {
  const { startSidecars, startOrchestrator } = await controlPlaneParts();
  await using open = new AsyncDisposableStack();
  open.use(await startSidecars(options));
  open.use(await startOrchestrator(options));
  return open.move();
}

/** Begins to load what a server is made of, side by side, so that it is there when its turn comes. */
export function preloadServer(): void {
  // Each is awaited when its turn comes; until then a failed import must not count as unhandled.
  for (const part of [storeParts(), servingParts(), controlPlaneParts()]) part.catch(() => {});
}

async function storeParts() {
  const [store, kinds] = await Promise.all([
    import('../../api/embedded/embedded-api.ts'),
    import('../../model/kinds/index.ts'),
  ]);
  return { ...store, ...kinds };
}

async function servingParts() {
  const [server, metrics, recorder, service] = await Promise.all([
    import('../../apiserver/index.ts'),
    import('../../gateways/metrics/metrics.ts'),
    import('../../api/event-recorder.ts'),
    import('../../orchestrator/api-service.ts'),
  ]);
  return { ...server, ...metrics, ...recorder, ...service };
}

async function controlPlaneParts() {
  const [sidecars, orchestrator] = await Promise.all([
    import('../../sidecars/start.ts'),
    import('../../orchestrator/start.ts'),
  ]);
  return { ...sidecars, ...orchestrator };
}
