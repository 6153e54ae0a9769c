import type { Api } from '../api/api.ts';
import type { EventRecorder } from '../api/events.ts';
import type { PoolCapacity } from '../engines/engine.ts';
import type { LocalEngine } from '../engines/local/engine.ts';
import type { Exec } from '../lib/exec.ts';
import type { Log } from '../lib/log.ts';
import type { Meter } from '../lib/meter.ts';
import { type Pool, pools, type Snapshot, snapshots, type Volume, volumes } from '../model/kinds/moorage.ts';
import { bytesOf } from '../model/quantity.ts';
import { Ledger, type Promised } from './ledger.ts';
import type { PoolOffer } from './placement.ts';

/** What the storage half is given. */
export interface StorageOptions {
  readonly api: Api;
  readonly engine: LocalEngine;
  /** The name of this node. */
  readonly node: string;
  readonly dataDir: string;
  readonly exec: Exec;
  readonly log: Log;
  readonly events: EventRecorder;
  readonly meter: Meter;
}

/** How a pool of this node was found at the last look. */
export type PoolState =
  | {
      readonly ready: true;
      readonly backend: 'image' | 'directory';
      readonly why: string;
      readonly path: string;
      readonly capacity: PoolCapacity;
    }
  | { readonly ready: false; readonly why: string };

/** What the controllers of this node share: the views, the ledger, and the last look at each pool. */
export class Storage implements Disposable {
  readonly options: StorageOptions;
  readonly ledger: Ledger;
  readonly #pools = new Map<string, PoolState>();
  readonly #open = new DisposableStack();
  readonly #poolListeners = new Set<(pool: string) => void>();

  private constructor(options: StorageOptions) {
    this.options = options;
    this.ledger = new Ledger((pool) => this.#tell(pool));
  }

  /** Resolves when all promises that objects record are in the ledger. */
  static async open(options: StorageOptions): Promise<Storage> {
    const { api } = options;
    const storage = new Storage(options);
    const [volumeView, snapshotView, poolView] = [api.informer(volumes), api.informer(snapshots), api.informer(pools)];
    await Promise.all([volumeView.synced, snapshotView.synced, poolView.synced]);
    storage.#open.use(
      volumeView.onChange(({ type, object }) =>
        storage.ledger.observe(volumeKey(object), type === 'deleted' ? undefined : volumePromise(object)),
      ),
    );
    storage.#open.use(
      snapshotView.onChange(({ type, object }) =>
        storage.ledger.observe(snapshotKey(object), type === 'deleted' ? undefined : snapshotPromise(object)),
      ),
    );
    return storage;
  }

  /** Calls the listener with a pool when what it has to give has changed. */
  onPoolChange(listener: (pool: string) => void): void {
    this.#poolListeners.add(listener);
  }

  /** Records a look at a pool; undefined once it is gone. */
  setPool(name: string, state: PoolState | undefined): void {
    const before = this.#pools.get(name);
    if (state) this.#pools.set(name, state);
    else this.#pools.delete(name);
    const grown = state?.ready && before?.ready && state.capacity.total > before.capacity.total;
    if (before?.ready !== state?.ready || grown) this.#tell(name);
  }

  pool(name: string): PoolState | undefined {
    return this.#pools.get(name);
  }

  /** What each pool has to give now; those of other nodes as their status says. */
  offers(): PoolOffer[] {
    return [...this.options.api.informer(pools).list()].map((pool) => this.offer(pool));
  }

  offer(pool: Pool): PoolOffer {
    const { name } = pool.metadata;
    const { node } = this.options;
    const state = this.#pools.get(name);
    const elsewhere = pool.spec.node !== undefined && pool.spec.node !== node;
    const deleting = pool.metadata.deletionTimestamp ? 'it is being deleted' : undefined;
    const why = elsewhere
      ? 'it is on another node'
      : state
        ? state.ready
          ? undefined
          : state.why
        : 'it is not open yet';
    const capacity = state?.ready ? state.capacity : { total: 0n, available: 0n };
    return {
      pool: name,
      node: pool.spec.node ?? node,
      notReady: why ?? deleting,
      backend: state?.ready ? state.backend : 'image',
      total: capacity.total,
      available: capacity.available,
      promised: this.ledger.total(name),
      overProvisioning: pool.spec.overProvisioning,
      reserve: pool.spec.reserve === undefined ? (capacity.total * 5n) / 100n : bytesOf(pool.spec.reserve),
    };
  }

  [Symbol.dispose](): void {
    this.#open.dispose();
  }

  #tell(pool: string): void {
    for (const listener of this.#poolListeners) listener(pool);
  }
}

/** The volume's key in the ledger. */
export function volumeKey(volume: Volume): string {
  return `volume/${volume.metadata.uid}`;
}

/** The snapshot's key in the ledger. */
export function snapshotKey(snapshot: Snapshot): string {
  return `snapshot/${snapshot.metadata.uid}`;
}

function volumePromise({ spec, status }: Volume): Promised | undefined {
  return status?.placement && { pool: status.placement.pool, bytes: bytesOf(status.size ?? spec.size) };
}

/** A snapshot holds what was used when it was taken: so much may stay when its volume is overwritten. */
function snapshotPromise({ status }: Snapshot): Promised | undefined {
  return status?.placement && { pool: status.placement.pool, bytes: bytesOf(status.used ?? '0') };
}
