import { ClusterView, type PlacementOptions } from './leader/cluster-view.ts';
import { createInventoryOfAll } from './leader/inventory-of-all.ts';
import { createPlacementController } from './leader/placement-controller.ts';
import { createPoolWatch } from './leader/pool-watch.ts';
import { createUnownedSnapshotController } from './leader/unowned-snapshots.ts';
import type { Room } from './placement/room.ts';

export type { PlacementOptions } from './leader/cluster-view.ts';

/** Placement over all nodes, running. */
export interface Placement extends AsyncDisposable {
  /** The room in all pools, for CreateVolume and its like. */
  readonly room: Room;
  /** Calls the listener when what the pools have to give may have changed, also since a node is up again or is not. */
  onChange(listener: () => void): Disposable;
  /**
   * Starts what only the leader may do: finds a pool for Volumes that name none, and answers for the objects that no
   * agent answers for. It ends when what this returns is disposed of.
   */
  lead(): Promise<AsyncDisposable>;
}

/** Starts to watch the pools of all nodes and what is promised of them. Resolves when the view is complete. */
export async function startPlacement(options: PlacementOptions): Promise<Placement> {
  const view = await ClusterView.open(options);
  return {
    room: view.room,
    onChange: (listener) => view.onChange(listener),
    lead: () => lead(view),
    async [Symbol.asyncDispose]() {
      view[Symbol.dispose]();
    },
  };
}

async function lead(view: ClusterView): Promise<AsyncDisposable> {
  await using open = new AsyncDisposableStack();
  const placement = createPlacementController(view);
  open.use(view.onChange(() => placement.waiting.wake()));
  const controllers = [
    placement,
    createUnownedSnapshotController(view),
    createPoolWatch(view),
    createInventoryOfAll(view),
  ];
  for (const controller of controllers) open.use(controller);
  await Promise.all(controllers.map((controller) => controller.start()));
  return open.move();
}
