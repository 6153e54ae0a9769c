import type { Api } from '../api/api.ts';
import type { EventRecorder } from '../api/events.ts';
import type { Exec } from '../lib/exec.ts';
import type { Log } from '../lib/log.ts';
import type { Meter } from '../lib/meter.ts';
import { csiDrivers, nodes } from '../model/kinds/index.ts';
import type { DriverRegistry } from '../sidecars/drivers/driver.ts';
import { createAttachDetach } from './attach-detach/attach-detach.ts';
import { createClaimBinder, createVolumeBinder } from './binder/binder.ts';
import { createEventExpiry } from './event-expiry.ts';
import { createGarbageCollector } from './garbage-collector.ts';
import { openLedger } from './mounter/ledger.ts';
import { Mounter } from './mounter/mounter.ts';
import { OwnerWatch } from './mounter/owners.ts';
import { type MountedVolume, mountedVolumes } from './mounter/statistics.ts';
import { createNamespaceDefaults } from './namespace-defaults.ts';
import { createNamespaces } from './namespaces.ts';
import { createNodeObject, ensureNode } from './node-object.ts';
import { createClaimProtection, createVolumeProtection } from './protection/protection.ts';

export interface OrchestratorOptions {
  readonly api: Api;
  readonly drivers: DriverRegistry;
  /** Name of this machine's Node. */
  readonly node: string;
  readonly dataDir: string;
  /** When the store of this API last went on although objects may have been lost; undefined if it never did. */
  readonly lastLoss?: Date | undefined;
  /** The certificate of the authority that the API's own is from, as PEM. */
  readonly authority: string;
  readonly exec: Exec;
  readonly log: Log;
  readonly events: EventRecorder;
  readonly meter: Meter;
}

/** What Kubernetes does where there is one, running. Disposing of it leaves everything mounted as it is. */
export interface Orchestrator extends AsyncDisposable {
  /** How full each mounted volume is, asked of its driver now; for the metrics page. */
  mountedVolumes(): Promise<readonly MountedVolume[]>;
}

/**
 * Starts binding, protection, attachment, mounting and cleaning up, in embedded mode. Resolves when all of them work;
 * afterwards this machine's Node object is there and Ready.
 */
export async function startOrchestrator(options: OrchestratorOptions): Promise<Orchestrator> {
  const { api, drivers, node, dataDir, authority, log } = options;
  await using opening = new AsyncDisposableStack();
  await Promise.all([ensureNode(api, node), api.informer(nodes).synced, api.informer(csiDrivers).synced]);
  const ledger = await openLedger(dataDir);
  const binderOptions = { ...options, hasDriver: (name: string) => drivers.get(name) !== undefined };
  const attachDetach = createAttachDetach({ api, node, log, isInUse: (volume) => ledger.ofVolume(volume).length > 0 });
  const controllers = [
    createClaimBinder(binderOptions),
    createVolumeBinder(binderOptions),
    createClaimProtection({ api, log }),
    createVolumeProtection({ api, log }),
    attachDetach,
    createGarbageCollector({ api, log }),
    createNamespaces({ api, log }),
    createNamespaceDefaults({ api, authority, log }),
    createEventExpiry({ api, log }),
    createNodeObject({ api, node, log }),
  ];
  for (const controller of controllers) opening.use(controller);
  const mounter = opening.use(
    new Mounter({ ...options, ledger, onReleased: (volume) => attachDetach.add(`${volume}/${node}`) }),
  );
  const owners = opening.use(new OwnerWatch(options));
  await Promise.all([...controllers, mounter, owners].map((part) => part.start()));
  const running = opening.move();
  return {
    mountedVolumes: () => mountedVolumes({ drivers, ledger }),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
