import { Controller } from '../../api/controller.ts';
import { pools, type Refusal, snapshots, type Volume, volumes } from '../../model/kinds/moorage.ts';
import { isDeleting } from '../../model/object.ts';
import { alreadySay, type Statement, withConditions } from '../conditions.ts';
import { removeFinalizer, volumeFinalizer } from '../finalizers.ts';
import { writeRefusals } from '../refusals.ts';
import { sourceOf } from '../source.ts';
import { Waiting } from '../waiting.ts';
import { nodeOfVolume } from '../whose.ts';
import type { ClusterView } from './view.ts';

/**
 * Finds a pool for each Volume that names none, and writes it into its spec: from there on the agent of that pool
 * answers for it. A Volume that goes before it was ever anywhere is let go here, since no agent answers for it.
 */
export function createPlacementController(view: ClusterView): Controller & { readonly waiting: Waiting } {
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
    });
  passes.waiting.onWake = (name) => controller.add(name);
  return Object.assign(controller, { waiting: passes.waiting });
}

class PlacementPasses {
  readonly waiting = new Waiting();
  readonly #view: ClusterView;

  constructor(view: ClusterView) {
    this.#view = view;
  }

  async reconcile(name: string): Promise<void> {
    const { api } = this.#view.options;
    const volume = api.informer(volumes).get({ name });
    this.waiting.delete(name);
    if (!volume) return;
    const node = nodeOfVolume(api, volume);
    if (isDeleting(volume)) return node === undefined ? this.#release(volume) : this.#sayWhoHasIt(volume, node);
    if (node === undefined) return this.#place(volume);
  }

  async #place(volume: Volume): Promise<void> {
    const { api } = this.#view.options;
    const { room } = this.#view;
    const { name, finalizers = [] } = volume.metadata;
    const source = sourceOf(api, volume.spec);
    if (source && 'reason' in source) return this.#refuse(volume, [source]);
    const { pool, refusals } = room.setAside(name, volume.spec);
    if (pool === undefined) return this.#refuse(volume, refusals);
    // It names a pool that has just got its node: that agent knows what to do.
    if (volume.spec.pool !== undefined) return room.letGo(name);
    try {
      const metadata = { ...volume.metadata, finalizers: [...new Set([...finalizers, volumeFinalizer])] };
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

  /** Lets a Volume go that has no bytes. */
  async #release(volume: Volume): Promise<void> {
    const { api, log } = this.#view.options;
    const { finalizers, name } = volume.metadata;
    if (!finalizers?.includes(volumeFinalizer)) return;
    const { pool } = volume.spec;
    // The view may lag behind: the API itself has the last word.
    if (pool !== undefined && (await api.get(pools, { name: pool }))?.spec.node !== undefined) {
      this.waiting.add(name);
      return;
    }
    await removeFinalizer(api, volumes, volume, volumeFinalizer);
    log.info({ volume: name }, 'a volume that was never placed is gone');
  }

  /** An agent that is gone for good lets nothing go: whoever waits for it should know why. */
  async #sayWhoHasIt(volume: Volume, node: string): Promise<void> {
    const { api, events } = this.#view.options;
    const { finalizers, name } = volume.metadata;
    if (!finalizers?.includes(volumeFinalizer) || this.#view.liveness.has(node)) return;
    const message =
      `its bytes are on node ${node}, which is no longer in the cluster: it goes once that node is back; if it never ` +
      `comes back: kubectl patch volume.moorage.dev ${name} --type=merge -p '{"metadata":{"finalizers":null}}'`;
    const gone: Statement = { type: 'Ready', status: 'False', reason: 'NodeGone', message };
    if (alreadySay(volume.status?.conditions, [gone])) return;
    events.warning(volume, 'NodeGone', message);
    const conditions = withConditions(volume.status?.conditions, [gone], volume.metadata.generation);
    await api.updateStatus(volumes, { ...volume, status: { ...volume.status, conditions } });
  }
}
