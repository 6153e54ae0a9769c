import { Controller } from '../../api/controller.ts';
import { ensureNoFinalizer } from '../../api/finalizers.ts';
import { nodes } from '../../model/kinds/core.ts';
import { pools, type Refusal, snapshots, type Volume, volumes } from '../../model/kinds/moorage.ts';
import { isDeleting } from '../../model/object.ts';
import { volumeFinalizer } from '../finalizers.ts';
import { ensureNodeLabel, nodeAnnotation, nodeLabel } from '../node-label.ts';
import { ownerOfVolume } from '../ownership.ts';
import { sourceOf } from '../placement/copy-source.ts';
import { writeRefusals } from '../placement/write-refusals.ts';
import { WakeList } from '../wake-list.ts';
import type { ClusterView } from './cluster-view.ts';
import { nodeGone, sayNodeGone } from './node-gone.ts';

/**
 * Finds a pool for each Volume that names none, and writes it into its spec: from there on the agent of that pool
 * answers for it. A Volume that goes before it was ever anywhere is let go here, since no agent answers for it.
 */
export function createPlacementController(view: ClusterView): Controller & { readonly waiting: WakeList } {
  const { api, log } = view.options;
  const passes = new PlacementPasses(view);
  const controller = new Controller({ name: 'placement', log, reconcile: (name) => passes.reconcile(name) })
    .watch(api.informer(volumes), ({ metadata, status }, { old }) => {
      // It may be the source that a copy waits for.
      if (status?.phase === 'Ready' && old?.status?.phase !== 'Ready') passes.waiting.wake();
      return [metadata.name];
    })
    .watch(api.informer(snapshots), () => {
      passes.waiting.wake();
      return [];
    })
    .watch(api.informer(nodes), ({ metadata }, { type }) => (type === 'deleted' ? passes.namesOn(metadata.name) : []));
  passes.waiting.onWake = (name) => controller.add(name);
  return Object.assign(controller, { waiting: passes.waiting });
}

class PlacementPasses {
  readonly waiting = new WakeList();
  readonly #view: ClusterView;

  constructor(view: ClusterView) {
    this.#view = view;
  }

  async reconcile(name: string): Promise<void> {
    const { api } = this.#view.options;
    const volume = api.informer(volumes).get({ name });
    this.waiting.delete(name);
    if (!volume) return;
    const { node } = ownerOfVolume(api, volume);
    if (node !== undefined) await ensureNodeLabel(api, volumes, volume, node);
    const there = node !== undefined && this.#view.liveness.has(node);
    if (there) return;
    if (volume.status?.placement) {
      const stuck = isDeleting(volume) && volume.metadata.finalizers?.includes(volumeFinalizer);
      return stuck ? sayNodeGone(this.#view, volumes, volume, volume.status.placement.node) : undefined;
    }
    if (isDeleting(volume)) return this.#release(volume);
    if (node === undefined) return this.#place(volume);
    const message = `pool ${volume.spec.pool} is on node ${node}, which is no longer in the cluster`;
    return this.#refuse(volume, [{ pool: volume.spec.pool, node, reason: nodeGone, message }]);
  }

  /** The volumes of a node. */
  namesOn(node: string): readonly string[] {
    const { api } = this.#view.options;
    const found = [...api.informer(volumes).list()].filter((volume) => ownerOfVolume(api, volume).node === node);
    return found.map(({ metadata }) => metadata.name);
  }

  async #place(volume: Volume): Promise<void> {
    const { api } = this.#view.options;
    const { room } = this.#view;
    const { name, finalizers = [] } = volume.metadata;
    const source = sourceOf(api, volume.spec);
    if (source && 'reason' in source) return this.#refuse(volume, [source]);
    const { pool, node, refusals } = room.setAside(name, volume.spec);
    if (pool === undefined || node === undefined) return this.#refuse(volume, refusals);
    // It names a pool that has just got its node: that agent knows what to do.
    if (volume.spec.pool !== undefined) return room.letGo(name);
    try {
      const labels = { ...volume.metadata.labels, ...nodeLabel(node) };
      const annotations = { ...volume.metadata.annotations, ...nodeAnnotation(node) };
      const metadata = {
        ...volume.metadata,
        labels,
        annotations,
        finalizers: [...new Set([...finalizers, volumeFinalizer])],
      };
      const placed = await api.update(volumes, { ...volume, metadata, spec: { ...volume.spec, pool } });
      if (!placed.status?.refusals) return;
      const { refusals: _, ...status } = placed.status;
      await api.updateStatus(volumes, { ...placed, status });
    } catch (error) {
      room.letGo(name);
      throw error;
    }
  }

  /** Says why there is no room, and looks again when room or a source turns up. */
  async #refuse(volume: Volume, refusals: readonly Refusal[]): Promise<void> {
    this.waiting.add(volume.metadata.name);
    await writeRefusals(this.#view.options, volume, refusals, { exactly: false });
  }

  /** Lets a Volume go that nobody was ever given: no agent has it, or its agent is gone for good. */
  async #release(volume: Volume): Promise<void> {
    const { api, log } = this.#view.options;
    const { finalizers, name } = volume.metadata;
    if (!finalizers?.includes(volumeFinalizer)) return;
    // The views may lag behind: the API itself has the last word.
    const pool = volume.spec.pool === undefined ? undefined : await api.get(pools, { name: volume.spec.pool });
    const node = pool?.spec.node;
    if (node !== undefined && (await api.get(nodes, { name: node }))) {
      this.waiting.add(name);
      return;
    }
    await ensureNoFinalizer(api, volumes, volume, volumeFinalizer);
    log.info({ volume: name, node }, 'a volume that was never placed is gone');
  }
}
