import { join } from 'node:path';
import type { MachineContext } from '../../api/context.ts';
import type { Kubelet } from '../../kubelet/start.ts';
import { messageOf } from '../../lib/errors.ts';
import { exec } from '../../lib/exec.ts';
import type { Log } from '../../lib/log.ts';
import { driverName } from '../../model/kinds/moorage.ts';
import type { DriverRegistration, DriverRegistry } from '../../sidecars/drivers/driver.ts';
import { ownDriverExtras } from '../own-driver-extras.ts';
import { ensureFirstObjects } from './first-objects.ts';
import { sayOtherNames } from './other-names.ts';
import type { UpOptions } from './up-options.ts';

export interface NodePartOptions
  extends Pick<UpOptions, 'backend' | 'poolPath' | 'csi'>,
    Omit<MachineContext, 'exec'> {}

/** A node's part of Moorage, running. Disposing of it stops every part in order and leaves the mounts in place. */
export interface RunningNode extends Pick<Kubelet, 'mountedVolumes'>, AsyncDisposable {
  /** The CSI drivers that are plugged in on this node. */
  readonly drivers: DriverRegistry;
}

/**
 * Starts what a node needs: its objects, its pools and what is in them, the CSI driver, the drivers of others that are
 * plugged in on it, and what it does as its own kubelet. It knows the rest by the API only. Resolves when it can mount.
 */
export async function startNode(options: NodePartOptions): Promise<RunningNode> {
  const { api, node, dataDir, lastLoss, log, events, meter } = options;
  await using open = new AsyncDisposableStack();
  await ensureFirstObjects(api, options);
  await sayOtherNames(api, node, log);
  const { openEngines, startVolumes, startCsiDriver } = await storageParts();
  const engine = openEngines({ dataDir, exec, log });
  const common = { api, engine, node, dataDir, exec, log, events, meter };
  const { room, references } = open.use(await startVolumes({ ...common, sole: true, lastLoss }));
  const socket = join(dataDir, 'run/csi.sock');
  const services = ['controller', 'node'] as const;
  open.use(await startCsiDriver({ ...common, services, room, references, socket }));

  const { openDrivers, mountsInUse, startKubelet } = await kubeletParts();
  // Opened after our driver, and so closed before it: a driver that leaves in order is no news.
  const drivers = open.use(openDrivers({ api, node, log, meter }));
  const use = mountsInUse(api);
  await drivers.add({ name: driverName, socket, extras: { ...ownDriverExtras(api), use } });
  for (const driver of options.csi) plugIn({ ...driver, extras: { use } }, drivers, log);
  const kubelet = open.use(await startKubelet({ api, drivers, node, dataDir, lastLoss, exec, log, events, meter }));
  const owned = open.move();
  return { drivers, mountedVolumes: kubelet.mountedVolumes, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Begins to load what a node is made of, side by side, so that it is there when its turn comes. */
export function preloadNode(): void {
  // Each is awaited when its turn comes; until then a failed import must not count as unhandled.
  for (const part of [storageParts(), kubeletParts()]) part.catch(() => {});
}

async function storageParts() {
  const [engine, volumes, driver] = await Promise.all([
    import('../../engines/engines.ts'),
    import('../../volumes/start.ts'),
    import('../../driver/start.ts'),
  ]);
  return { ...engine, ...volumes, ...driver };
}

async function kubeletParts() {
  const [registry, inUse, kubelet] = await Promise.all([
    import('../../sidecars/drivers/registry.ts'),
    import('../../kubelet/mounts-in-use.ts'),
    import('../../kubelet/start.ts'),
  ]);
  return { ...registry, ...inUse, ...kubelet };
}

function plugIn(driver: DriverRegistration, drivers: DriverRegistry, log: Log): void {
  drivers.add(driver).catch((error: unknown) => {
    log.error({ driver: driver.name, socket: driver.socket, reason: messageOf(error) }, 'csi driver not plugged in');
  });
}
