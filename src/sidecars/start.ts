import type { Controller } from '../api/controller.ts';
import { createAttachedVolumeProtection, createAttacher } from './attacher/attacher.ts';
import { createCapacity } from './capacity/capacity.ts';
import type { CapacityOptions } from './capacity/options.ts';
import { createUnmetClaims } from './capacity/unmet-claims.ts';
import type { Sidecar, SidecarContext } from './context.ts';
import { createVolumeDeletion } from './deletion/delete-volume.ts';
import { createCloneProtection } from './provisioning/clone-protection.ts';
import { createProvisioner } from './provisioning/provisioner.ts';
import { createResizer } from './resizer/resizer.ts';
import { watchRoom } from './retries/freed-room.ts';
import { createSnapshotSourceProtection } from './snapshotter/claim-protection.ts';
import { createSnapshotter } from './snapshotter/snapshotter.ts';
import { createVolumeSnapshotController } from './snapshotter/volume-snapshot-controller.ts';

export type { CapacityOptions } from './capacity/options.ts';

export interface SidecarsOptions extends SidecarContext {
  /**
   * Whether a new volume is bound to its claim here, without waiting for the binder of a real cluster, which keeps its
   * rules and finds nothing to correct. Default false: our own binder does it in embedded mode.
   */
  readonly directBinding?: boolean;
  /** Whether volumes are attached by ControllerPublishVolume. Default true; a real cluster has its own part in that. */
  readonly attacher?: boolean;
  /** Whether snapshots of the drivers are taken and deleted. Default true. */
  readonly snapshotter?: boolean;
  /**
   * Whether VolumeSnapshots of all drivers are bound to their contents. Default true; a cluster has one such controller,
   * and many come with one.
   */
  readonly snapshotController?: boolean;
  /** Whether a scheduler chooses the nodes of consumers, and chooses again where there can't be a volume. Default false. */
  readonly hasScheduler?: boolean;
  /** Publishes CSIStorageCapacity objects, and says on claims that none of them has room for; default none. */
  readonly capacity?: CapacityOptions | undefined;
}

/**
 * Starts the callers of CSI for all drivers that are plugged in, now or later: provisioner, attacher, resizer,
 * snapshotter and snapshot controller. Disposing ends their passes; calls that drivers still work on are taken up
 * again by the next start. Where an API does not serve the kinds of snapshots (yet), everything else works.
 */
export async function startSidecars(options: SidecarsOptions): Promise<AsyncDisposable> {
  const { attacher = true, snapshotter = true, snapshotController = true, capacity, log } = options;
  const snapshotters = [
    ...(snapshotController ? [createVolumeSnapshotController(options)] : []),
    ...(snapshotter ? [createSnapshotter(options)] : []),
  ];
  const sidecars: Sidecar[] = [
    createProvisioner({
      ...options,
      onExhausted: (driver) => {
        for (const { exhausted } of all) exhausted?.(driver);
      },
    }),
    createVolumeDeletion(options),
    ...(attacher ? [createAttacher(options)] : []),
    createResizer(options),
    ...(capacity ? [createCapacity({ ...options, capacity }), createUnmetClaims(options)] : []),
  ];
  const controllers: Controller[] = [
    ...sidecars.map(({ controller }) => controller),
    createCloneProtection(options),
    ...(attacher ? [createAttachedVolumeProtection(options)] : []),
  ];
  const late: Controller[] = [
    ...snapshotters.map(({ controller }) => controller),
    ...(snapshotController ? [createSnapshotSourceProtection(options)] : []),
  ];
  const all = [...sidecars, ...snapshotters];
  await using started = new AsyncDisposableStack();
  for (const controller of [...controllers, ...late]) started.use(controller);
  for (const { close } of all) if (close) started.defer(close);
  await Promise.all(controllers.map((controller) => controller.start()));
  for (const controller of late) {
    controller.start().catch((error: unknown) => log.error({ error }, 'a controller of snapshots could not start'));
  }
  started.use(
    options.drivers.onChange(({ name }) => {
      for (const { wake } of all) wake(name);
    }),
  );
  started.use(
    watchRoom(options, (driver) => {
      for (const { roomFreed } of all) roomFreed?.(driver);
    }),
  );
  return started.move();
}
