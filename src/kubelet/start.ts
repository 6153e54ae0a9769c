import type { MachineContext } from '../api/context.ts';
import { csiDrivers, nodes } from '../model/kinds/index.ts';
import type { DriverRegistry } from '../sidecars/drivers/driver.ts';
import { createAttachDetach } from './attach/attach-detach.ts';
import { openMountLedger } from './mounter/mount-ledger.ts';
import { Mounter } from './mounter/mounter.ts';
import { type MountedVolume, mountedVolumes } from './mounter/statistics.ts';
import { createNodeObject, ensureNode } from './node/node-object.ts';
import { OwnerWatch } from './owners/owners.ts';

export interface KubeletOptions extends MachineContext {
  readonly drivers: DriverRegistry;
}

/** What a node does as its own kubelet, running. Disposing of it leaves everything mounted as it is. */
export interface Kubelet extends AsyncDisposable {
  /** How full each mounted volume is, asked of its driver now; for the metrics page. */
  mountedVolumes(): Promise<readonly MountedVolume[]>;
}

/**
 * Starts what a kubelet does for volumes on this node, in embedded mode: its Node object, attachment, mounting, and
 * letting go of what an owner has left. Resolves when all of it works; afterwards the Node object is there and Ready.
 */
export async function startKubelet(options: KubeletOptions): Promise<Kubelet> {
  const { api, drivers, node, dataDir, log } = options;
  await using opening = new AsyncDisposableStack();
  await Promise.all([ensureNode(api, node), api.informer(nodes).synced, api.informer(csiDrivers).synced]);
  const ledger = await openMountLedger(dataDir);
  const isInUse = (volume: string) => ledger.ofVolume(volume).length > 0;
  const attachDetach = opening.use(createAttachDetach({ api, node, log, isInUse }));
  const nodeObject = opening.use(createNodeObject({ api, node, log }));
  const mounter = opening.use(
    new Mounter({ ...options, ledger, onReleased: (volume) => attachDetach.add(`${volume}/${node}`) }),
  );
  const owners = opening.use(new OwnerWatch(options));
  await Promise.all([attachDetach, nodeObject, mounter, owners].map((part) => part.start()));
  const running = opening.move();
  return {
    mountedVolumes: () => mountedVolumes({ drivers, ledger }),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
