import { isCode } from '../lib/errors.ts';
import { systemNamespace } from '../model/kinds/moorage.ts';
import { startHeartbeat } from './agent/heartbeat.ts';
import { NodeStorage, type StorageOptions } from './agent/node-storage.ts';
import { createPoolController } from './agent/pool-controller.ts';
import { createSnapshotController } from './agent/snapshot-controller.ts';
import { createVolumeController } from './agent/volume-controller.ts';
import { createInventoryController } from './inventory/controller.ts';
import type { Room } from './placement/room.ts';
import type { References } from './references/rules.ts';

/** The controllers of this node's storage, running. */
export interface Volumes extends AsyncDisposable {
  /** The room in the pools that they answer for. */
  readonly room: Room;
  /** What else in the API needs a Volume or Snapshot. */
  readonly references: References;
}

/**
 * Starts the controllers of Moorage's own objects on this node. Resolves when each pool has been opened or has said
 * why not. Stopping lets go of the pools that have nothing attached; the others stay mounted for their applications.
 */
export async function startVolumes(options: StorageOptions): Promise<Volumes> {
  await using open = new AsyncDisposableStack();
  const storage = open.use(await NodeStorage.open(options));
  open.defer(() => closePools(options));
  const { controller: poolController, firstPass } = createPoolController(storage);
  const controllers = [
    createVolumeController(storage),
    createSnapshotController(storage),
    createInventoryController(storage),
  ];
  open.use(poolController);
  await poolController.start();
  await firstPass;
  for (const controller of controllers) open.use(controller);
  await Promise.all(controllers.map((controller) => controller.start()));
  const { api, node, sole, namespace = systemNamespace, log } = options;
  // It says that this node can be given volumes, so it comes last, and ends first.
  if (!sole) open.use(startHeartbeat({ api, node, namespace, log }));
  const owned = open.move();
  return { room: storage.room, references: storage.references, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function closePools({ engine, log }: StorageOptions): Promise<void> {
  for (const pool of engine.pools.list()) {
    await engine.pools.close(pool).catch((error: unknown) => {
      if (!isCode(error, 'busy')) throw error;
      log.info({ pool }, 'pool stays mounted, since volumes of it are in use');
    });
  }
}
