import { isCode } from '../lib/errors.ts';
import { createInventoryController } from './inventory-controller.ts';
import { createPoolController } from './pool-controller.ts';
import { publishRoom, Room } from './room.ts';
import { createSnapshotController } from './snapshot-controller.ts';
import { Storage, type StorageOptions } from './storage.ts';
import { createVolumeController } from './volume-controller.ts';

/**
 * Starts the controllers of Moorage's own objects on this node. Resolves when each pool has been opened or has said
 * why not. Stopping lets go of the pools that have nothing attached; the others stay mounted for their applications.
 */
export async function startVolumes(options: StorageOptions): Promise<AsyncDisposable> {
  await using open = new AsyncDisposableStack();
  const storage = open.use(await Storage.open(options));
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
  open.use(publishRoom(options.engine, new Room(storage)));
  return open.move();
}

async function closePools({ engine, log }: StorageOptions): Promise<void> {
  for (const pool of engine.pools()) {
    await engine.closePool(pool).catch((error: unknown) => {
      if (!isCode(error, 'busy')) throw error;
      log.info({ pool }, 'pool stays mounted, since volumes of it are in use');
    });
  }
}
