import { openController } from '../../driver/controller/open.ts';
import { identityService } from '../../driver/identity.ts';
import { driverName } from '../../model/kinds/moorage.ts';
import { openOwnDriver } from '../../sidecars/drivers/own-driver.ts';
import { startSidecars } from '../../sidecars/start.ts';
import { seenVolumeReferences } from '../../volumes/references/seen.ts';
import { type PlacementOptions, startPlacement } from '../../volumes/start-placement.ts';
import { ownDriverExtras } from '../own-driver-extras.ts';
import { deploymentOf } from './deployment-of.ts';

/** What the parts of the controller share. */
export type ControllerParts = PlacementOptions & {
  readonly namespace: string;
  /** The pod of this process. */
  readonly pod: string;
};

/**
 * Starts all that a cluster needs once: the placement of volumes, the CSI controller service, and its callers, which
 * call it in this process. It ends when what this returns is disposed of.
 */
export async function leadAlone(parts: ControllerParts, directBinding: boolean): Promise<AsyncDisposable> {
  const { api, meter, namespace, pod, log } = parts;
  const owner = deploymentOf(api, { namespace, name: pod }, log);
  await using open = new AsyncDisposableStack();
  const placement = open.use(await startPlacement(parts));
  const controller = open.use(
    await openController({ api, room: placement.room, references: seenVolumeReferences(api) }),
  );
  open.use(await placement.lead());
  const services = { identity: identityService(), controller: controller.service };
  const onCapacity = (listener: () => void) => placement.onChange(listener);
  const extras = { ...ownDriverExtras(api), onCapacity };
  const drivers = open.use(await openOwnDriver(services, { name: driverName, meter, extras }));
  const inCluster = { attacher: false, hasScheduler: true, capacity: { namespace, owner: await owner } };
  open.use(await startSidecars({ ...parts, drivers, directBinding, ...inCluster }));
  return open.move();
}
