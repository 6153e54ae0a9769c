import type { Context } from '../../api/context.ts';
import { type Pool, pools, snapshots, systemNamespace, volumes } from '../../model/kinds/moorage.ts';
import { Ledger } from '../placement/ledger.ts';
import { writtenOffer } from '../placement/offer.ts';
import type { PoolOffer } from '../placement/place.ts';
import { snapshotKey, snapshotPromise, volumeKey, volumeOutlook, wishKey } from '../placement/promises.ts';
import { Room } from '../placement/room.ts';
import { Liveness } from './liveness.ts';

/** What placement over all nodes is given. */
export interface PlacementOptions extends Context {
  /** Where the agents' leases are. Default `moorage`. */
  readonly namespace?: string | undefined;
}

/** What the objects say of the pools of all nodes. */
export class ClusterView implements Disposable {
  readonly options: PlacementOptions;
  readonly ledger: Ledger;
  readonly room: Room;
  readonly #open = new DisposableStack();
  readonly #listeners = new Set<() => void>();
  readonly liveness: Liveness;

  private constructor(options: PlacementOptions, liveness: Liveness) {
    const { api } = options;
    this.options = options;
    this.liveness = this.#open.use(liveness);
    this.ledger = new Ledger(() => this.#tell());
    this.room = new Room({ api, ledger: this.ledger, offers: () => this.offers() });
  }

  /** Resolves when all pools and all promises that objects record are known. */
  static async open(options: PlacementOptions): Promise<ClusterView> {
    const { api, log, namespace = systemNamespace } = options;
    const view = new ClusterView(options, await Liveness.open({ api, log, namespace }));
    const { ledger, liveness } = view;
    liveness.onChange = () => view.#tell();
    const [volumeView, snapshotView, poolView] = [api.informer(volumes), api.informer(snapshots), api.informer(pools)];
    await Promise.all([volumeView.synced, snapshotView.synced, poolView.synced]);
    view.#open.use(
      volumeView.onChange(({ type, object }) => {
        const outlook = type === 'deleted' ? undefined : volumeOutlook(object);
        ledger.observe(volumeKey(object), outlook);
        // What was set aside for it is what it has now.
        if (object.spec.pool !== undefined) ledger.forget(wishKey(object.metadata.name));
      }),
    );
    view.#open.use(
      snapshotView.onChange(({ type, object }) =>
        ledger.observe(snapshotKey(object), type === 'deleted' ? undefined : snapshotPromise(object)),
      ),
    );
    view.#open.use(poolView.onChange(() => view.#tell()));
    return view;
  }

  /** Calls the listener when a pool may have more to give than before. */
  onChange(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  /** What each pool has to give now, as its agent wrote it down and less what was promised since. */
  offers(): PoolOffer[] {
    return [...this.options.api.informer(pools).list()].map((pool) => this.#offer(pool));
  }

  [Symbol.dispose](): void {
    this.#open.dispose();
  }

  #offer(pool: Pool): PoolOffer {
    const { node = '' } = pool.spec;
    return writtenOffer(pool, {
      promised: this.ledger.total(pool.metadata.name),
      cordoned: this.liveness.isCordoned(node),
      notReady: this.#whyNotReady(pool),
    });
  }

  #whyNotReady({ metadata, spec }: Pool): string | undefined {
    if (spec.node === undefined) return 'it names no node; set its spec.node';
    // That comes first, since a node that is gone can not take a pool away.
    return metadata.deletionTimestamp ? 'it is being deleted' : this.liveness.whyNot(spec.node);
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
