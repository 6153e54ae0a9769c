import { join } from 'node:path';
import type { EmbeddedApi } from '../api/embedded/embedded-api.ts';
import type { Kubelet } from '../kubelet/start.ts';
import { messageOf } from '../lib/errors.ts';
import { exec } from '../lib/exec.ts';
import type { Log } from '../lib/log.ts';
import { driverName } from '../model/kinds/moorage.ts';
import { ensureApiService } from '../orchestrator/api-service.ts';
import type { DriverRegistration, DriverRegistry } from '../sidecars/drivers/driver.ts';
import { ensureDataDirectory, leavePid } from './data-directory.ts';
import { ensureFirstObjects } from './first-objects.ts';
import { giveMemoryBack } from './memory.ts';
import type { UpOptions } from './options.ts';
import { chooseNode, sayOtherNames } from './other-names.ts';
import { ownDriverExtras } from './own-driver-extras.ts';

/** Moorage, running in this process. Disposing of it stops every part in order and leaves the mounts in place. */
export interface Running extends AsyncDisposable {
  readonly url: string;
  /** The name of this machine's node. */
  readonly node: string;
  readonly kubeconfigFile: string;
  readonly api: EmbeddedApi;
}

/**
 * Starts everything that one machine needs, in one process: store, API server, engine, CSI driver, the callers of
 * CSI, and the controllers. Resolves when it serves. Throws, with nothing left running, if a part can't start.
 */
export async function up(options: UpOptions, log: Log): Promise<Running> {
  await using open = new AsyncDisposableStack();
  const { data: dataDir } = options;
  await ensureDataDirectory(dataDir);
  const parts = importParts();

  const { openEmbeddedApi, allKinds, createEventRecorder } = await parts.api;
  const { acceptStoreVersion: acceptVersion } = options;
  const file = join(dataDir, 'store.db');
  const api = open.use(await openEmbeddedApi({ file, log, kinds: allKinds, acceptVersion }));
  const { lastLoss } = api;
  const node = await chooseNode(api, options, log);
  open.use(await leavePid(dataDir));
  const { createMetrics, startApiServer } = await parts.server;
  let kubelet: Kubelet | undefined;
  const mountedVolumes = async () => (await kubelet?.mountedVolumes()) ?? [];
  const metrics = open.use(createMetrics({ api, mountedVolumes, storeWrites: () => Number(api.resourceVersion) }));
  const { meter } = metrics;
  const server = open.use(
    await startApiServer({ api, dir: dataDir, host: options.listen, port: options.port, log, metrics: metrics.text }),
  );
  const events = open.use(createEventRecorder({ api, component: 'moorage', log }));
  const { port, authority } = server;
  await Promise.all([ensureFirstObjects(api, { ...options, node }), ensureApiService(api, port)]);
  await sayOtherNames(api, node, log);

  const { openLocalEngine, startVolumes } = await parts.storage;
  const engine = openLocalEngine({ dataDir, exec, log });
  const { openDrivers, startCsiDriver, startSidecars, startOrchestrator, startKubelet, mountsInUse } =
    await parts.orchestrator;
  const storage = { api, engine, node, sole: true, dataDir, lastLoss, exec, log, events, meter };
  const { room, references } = open.use(await startVolumes(storage));
  const socket = join(dataDir, 'run/csi.sock');
  const services = ['controller', 'node'] as const;
  open.use(
    await startCsiDriver({ services, api, room, references, engine, node, socket, dataDir, exec, log, events, meter }),
  );
  // Opened after our driver, and so closed before it: a driver that leaves in order is no news.
  const drivers = open.use(openDrivers({ api, node, log, meter }));
  const use = mountsInUse(api);
  await drivers.add({ name: driverName, socket, extras: { ...ownDriverExtras(api), use } });
  for (const driver of options.csi) plugIn({ ...driver, extras: { use } }, drivers, log);
  open.use(await startSidecars({ api, drivers, log, events, meter }));
  open.use(await startOrchestrator({ api, drivers, node, authority, log, events, meter }));
  kubelet = open.use(await startKubelet({ api, drivers, node, dataDir, lastLoss, exec, log, events, meter }));
  open.use(giveMemoryBack());

  const owned = open.move();
  return {
    url: server.url,
    node,
    kubeconfigFile: server.kubeconfigFile,
    api,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Loads the parts side by side, while the first ones already start. */
function importParts() {
  const api = Promise.all([
    import('../api/embedded/embedded-api.ts'),
    import('../model/kinds/index.ts'),
    import('../api/event-recorder.ts'),
  ]).then(([embedded, kinds, recorder]) => ({ ...embedded, ...kinds, ...recorder }));
  const server = Promise.all([import('../apiserver/index.ts'), import('../gateways/metrics/metrics.ts')]).then(
    ([apiserver, metrics]) => ({ ...apiserver, ...metrics }),
  );
  const storage = Promise.all([import('../engines/local/engine.ts'), import('../volumes/start.ts')]).then(
    ([engine, volumes]) => ({ ...engine, ...volumes }),
  );
  const orchestrator = Promise.all([
    import('../sidecars/drivers/registry.ts'),
    import('../csi/driver/start.ts'),
    import('../sidecars/start.ts'),
    import('../orchestrator/start.ts'),
    import('../kubelet/start.ts'),
    import('../kubelet/mounts-in-use.ts'),
  ]).then(([registry, driver, sidecars, start, kubelet, inUse]) => ({
    ...registry,
    ...driver,
    ...sidecars,
    ...start,
    ...kubelet,
    ...inUse,
  }));
  // Each is awaited when its turn comes; until then a failed import must not count as unhandled.
  for (const part of [api, server, storage, orchestrator]) part.catch(() => {});
  return { api, server, storage, orchestrator };
}

function plugIn(driver: DriverRegistration, drivers: DriverRegistry, log: Log): void {
  drivers.add(driver).catch((error: unknown) => {
    log.error({ driver: driver.name, socket: driver.socket, reason: messageOf(error) }, 'csi driver not plugged in');
  });
}
