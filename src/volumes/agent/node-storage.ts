import type { MachineContext } from '../../api/context.ts';
import type { Engines, OpenPool } from '../../engines/engine.ts';
import { fail } from '../../lib/errors.ts';
import { type Pool, pools, type Snapshot, snapshots, type Volume, volumes } from '../../model/kinds/moorage.ts';
import { answersFor, ownerOfPool, ownerOfSnapshot, ownerOfVolume, type Worker } from '../ownership.ts';
import { Ledger } from '../placement/ledger.ts';
import { offerOf } from '../placement/offer.ts';
import type { PoolOffer } from '../placement/place.ts';
import { snapshotKey, snapshotPromise, volumeKey, volumePromise } from '../placement/promises.ts';
import { Room } from '../placement/room.ts';
import { askedReferences } from '../references/asked.ts';
import type { References } from '../references/rules.ts';
import { seenReferences } from '../references/seen.ts';

/** What the storage half is given. */
export interface StorageOptions extends Worker, MachineContext {
  readonly engine: Engines;
  /** Where an agent shows by a Lease that it lives. Default `moorage`. */
  readonly namespace?: string | undefined;
}

/** How a pool of this node was found at the last look. */
export type PoolState =
  | ({ readonly ready: true } & OpenPool)
  | {
      readonly ready: false;
      readonly why: string;
      /** True if it was there, but its file system has shut down. */
      readonly broken?: boolean;
    };

/** What the controllers of this node share: the views, the ledger, and the last look at each pool. */
export class NodeStorage implements Disposable {
  readonly options: StorageOptions;
  readonly ledger: Ledger;
  /** The room in the pools that this process answers for. */
  readonly room: Room;
  /** What else in the API needs a Volume or Snapshot. */
  readonly references: References;
  readonly #pools = new Map<string, PoolState>();
  readonly #open = new DisposableStack();
  /** Called with a pool whose figures are wanted exactly. */
  onInexact: (pool: string) => void = () => {};
  readonly #inexact = new Set<string>();
  readonly #poolListeners = new Set<(pool: string) => void>();

  private constructor(options: StorageOptions) {
    this.options = options;
    this.ledger = new Ledger((pool) => this.#tell(pool));
    const { api } = options;
    this.references = options.sole ? seenReferences(api) : askedReferences(api);
    this.room = new Room({ api, ledger: this.ledger, offers: () => this.offers() });
  }

  /** Resolves when all promises that objects record are in the ledger. */
  static async open(options: StorageOptions): Promise<NodeStorage> {
    const { api } = options;
    const storage = new NodeStorage(options);
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

  /** Has the figures of a pool written as they are, however little they moved: somebody trusted the old ones. */
  tellExactly(name: string): void {
    this.#inexact.add(name);
    this.onInexact(name);
  }

  /** Whether the figures of the pool are to be written exactly, this time. */
  takeExactly(name: string): boolean {
    return this.#inexact.delete(name);
  }

  pool(name: string): PoolState | undefined {
    return this.#pools.get(name);
  }

  /** The engine that keeps an open pool. */
  engineOf(name: string): string {
    const state = this.#pools.get(name);
    return state?.ready ? state.engine : fail('not-ready', `pool ${name} is not open`);
  }

  /** Whether this process answers for the pool. */
  hasPool(pool: Pool): boolean {
    return answersFor(this.options, ownerOfPool(pool));
  }

  /** Whether this process answers for the volume. */
  hasVolume(volume: Volume): boolean {
    return answersFor(this.options, ownerOfVolume(this.options.api, volume));
  }

  /** Whether this process answers for the snapshot. */
  hasSnapshot(snapshot: Snapshot): boolean {
    return answersFor(this.options, ownerOfSnapshot(this.options.api, snapshot));
  }

  /** What each pool has to give now; the agent of one node among several knows only its own. */
  offers(): PoolOffer[] {
    const { api, sole } = this.options;
    const known = [...api.informer(pools).list()].filter((pool) => sole || this.hasPool(pool));
    return known.map((pool) => this.offer(pool));
  }

  offer(pool: Pool): PoolOffer {
    const { name } = pool.metadata;
    const { node } = this.options;
    const state = this.#pools.get(name);
    const capacity = state?.ready ? state.capacity : { total: 0n, available: 0n };
    const shared = this.promisedBeside(name);
    return offerOf(pool, {
      node: pool.spec.node ?? node,
      notReady: this.#whyNotReady(pool, state),
      features: state?.ready ? state.features : undefined,
      total: capacity.total,
      available: capacity.available > shared ? capacity.available - shared : 0n,
      promised: this.ledger.total(name),
    });
  }

  #whyNotReady({ spec }: Pool, state: PoolState | undefined): string | undefined {
    const { node } = this.options;
    if (spec.node !== undefined && spec.node !== node) return elsewhereThan(node, spec.node);
    if (!state) return 'it is not open yet';
    return state.ready ? undefined : state.why;
  }

  /**
   * Bytes that other pools have promised of the file systems that this one takes room from, and that are not used yet.
   * Of a pool without a file system of its own nobody knows what is used: all that it promises counts. Of one that
   * promises several times what it has, its share counts.
   */
  promisedBeside(pool: string): bigint {
    let sum = 0n;
    for (const [name, state] of this.#neighbours(pool)) {
      const used = state.hasFilesystem ? state.capacity.used : 0n;
      const promised = onceOnly(this.ledger.total(name), this.options.api.informer(pools).get({ name }));
      if (promised > used) sum += promised - used;
    }
    return sum;
  }

  *#neighbours(pool: string): Iterable<readonly [string, PoolState & { readonly ready: true }]> {
    const mine = this.#pools.get(pool);
    if (!mine?.ready) return;
    for (const [name, state] of this.#pools) {
      if (name === pool || !state.ready) continue;
      if (state.filesystems.some((it) => mine.filesystems.includes(it))) yield [name, state];
    }
  }

  [Symbol.dispose](): void {
    this.#open.dispose();
  }

  #tell(pool: string): void {
    for (const listener of this.#poolListeners) {
      listener(pool);
      for (const [other] of this.#neighbours(pool)) listener(other);
    }
  }
}

/** What a pool has promised, as if it promised nothing several times. */
function onceOnly(promised: bigint, pool: Pool | undefined): bigint {
  const thousandths = BigInt(Math.round((pool?.spec.overProvisioning ?? 1) * 1000));
  return thousandths > 1000n ? (promised * 1000n) / thousandths : promised;
}

/** On one machine, a pool of another node is most likely one from before the machine was called otherwise. */
function elsewhereThan(node: string, other = ''): string {
  return `it is on node "${other}", and this is "${node}"; if both are this machine: "moorage up --node ${other}"`;
}
