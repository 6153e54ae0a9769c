import type { Controller } from '../api/controller.ts';
import { createAttachedVolumeProtection, createAttacher } from './attacher/attacher.ts';
import type { Sidecar, SidecarContext } from './context.ts';
import { createCloneProtection } from './provisioner/clone-protection.ts';
import { createVolumeDeletion } from './provisioner/delete-volume.ts';
import { createProvisioner } from './provisioner/provisioner.ts';
import { createResizer } from './resizer/resizer.ts';
import { watchRoom } from './shared/room.ts';
import { createSnapshotSourceProtection } from './snapshotter/claim-protection.ts';
import { createSnapshotController } from './snapshotter/snapshot-controller.ts';
import { createSnapshotter } from './snapshotter/snapshotter.ts';

export { openDrivers } from './drivers/registry.ts';

export interface SidecarsOptions extends SidecarContext {
  /** The node that this process is on. */
  readonly node: string;
}

/**
 * Starts the callers of CSI for all drivers that are plugged in, now or later: provisioner, attacher, resizer,
 * snapshotter and snapshot controller. Disposing ends their passes; calls that drivers still work on are taken up
 * again by the next start.
 */
export async function startSidecars(context: SidecarsOptions): Promise<AsyncDisposable> {
  const sidecars: Sidecar[] = [
    createProvisioner(context),
    createVolumeDeletion(context),
    createAttacher(context),
    createResizer(context),
    createSnapshotController(context),
    createSnapshotter(context),
  ];
  const controllers: Controller[] = [
    ...sidecars.map(({ controller }) => controller),
    createCloneProtection(context),
    createAttachedVolumeProtection(context),
    createSnapshotSourceProtection(context),
  ];
  await using started = new AsyncDisposableStack();
  for (const controller of controllers) started.use(controller);
  for (const { close } of sidecars) if (close) started.defer(close);
  await Promise.all(controllers.map((controller) => controller.start()));
  started.use(
    context.drivers.onChange(({ name }) => {
      for (const { wake } of sidecars) wake(name);
    }),
  );
  started.use(
    watchRoom(context, (driver) => {
      for (const { roomFreed } of sidecars) roomFreed?.(driver);
    }),
  );
  return started.move();
}
