import { ClusterView, type PlacementOptions } from './cluster-view.ts';
import type { Room } from './room.ts';

export type { PlacementOptions } from './cluster-view.ts';

/** Placement over all nodes, running. */
export interface Placement extends AsyncDisposable {
  /** The room in all pools, for CreateVolume and its like. */
  readonly room: Room;
  /**
   * Starts what only the leader may do: finds a pool for Volumes that name none, and answers for the objects that no
   * agent answers for. It ends when this is disposed of.
   */
  lead(): Promise<AsyncDisposable>;
}

/** Starts to watch the pools of all nodes and what is promised of them. Resolves when the view is complete. */
export async function startPlacement(options: PlacementOptions): Promise<Placement> {
  const view = await ClusterView.open(options);
  return {
    room: view.room,
    lead: async () => new AsyncDisposableStack(),
    async [Symbol.asyncDispose]() {
      view[Symbol.dispose]();
    },
  };
}
