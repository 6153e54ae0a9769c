import type { Api } from '../../api/api.ts';
import type { Refusal, Volume } from '../../model/kinds/moorage.ts';
import { bytesOf } from '../../model/quantity.ts';
import { sourceOf } from './copy-source.ts';
import type { Ledger } from './ledger.ts';
import { type PoolOffer, place, refuseFull } from './place.ts';
import { volumeKey, wishKey } from './promises.ts';

/** What a Room looks at: the pools that it may choose from, and what is promised of them. */
export interface RoomView {
  readonly api: Api;
  readonly ledger: Ledger;
  /** What each pool has to give now. */
  offers(): readonly PoolOffer[];
}

/** What came of asking for room: a pool, or every pool's refusal; neither while the source of a copy is not ready. */
export interface Aside {
  readonly pool: string | undefined;
  /** The node of that pool. */
  readonly node: string | undefined;
  readonly refusals: readonly Refusal[];
}

/** More about the wish for a new volume than its spec says. */
export interface AsideOptions {
  /** The options of its mounts. */
  readonly mountFlags?: readonly string[] | undefined;
  /** Pools that have refused it already, against what was known of them. */
  readonly refused?: readonly Refusal[] | undefined;
}

/**
 * The room in the pools, to the byte and to the moment. It is asked before a wish is written down, so that a wish that
 * can't be met costs no write. Bytes are set aside until the controller takes them over, or they are let go: of many
 * who ask at once, only those are let through for whom there is room.
 */
export class Room {
  readonly #view: RoomView;

  constructor(view: RoomView) {
    this.#view = view;
  }

  /** What each pool has to give now. */
  offers(): readonly PoolOffer[] {
    return this.#view.offers();
  }

  /** Sets bytes aside for a new volume of that name in the best pool, or says for every pool why there are none. */
  setAside(name: string, spec: Volume['spec'], { mountFlags, refused }: AsideOptions = {}): Aside {
    const { api, ledger } = this.#view;
    const source = sourceOf(api, spec);
    // The controller knows how to wait for a source.
    if (source && 'reason' in source) return { pool: undefined, node: undefined, refusals: [] };
    const { pool, poolSelector, mode, provisioning, nodes, preferredNodes } = spec;
    const bytes = bytesOf(spec.size);
    this.letGo(name);
    const where = { pool, poolSelector, nodes, preferredNodes, source, refused };
    const wish = { ...where, mode, provisioning, mountFlags, size: bytes };
    const decision = place(wish, this.offers());
    if (!('placement' in decision)) return { pool: undefined, node: undefined, refusals: decision.refusals };
    ledger.assume(wishKey(name), { pool: decision.placement.pool, bytes });
    return { ...decision.placement, refusals: [] };
  }

  /** Gives back what was set aside for a new volume and not taken over. */
  letGo(name: string): void {
    this.#view.ledger.forget(wishKey(name));
  }

  /** Sets bytes aside for a volume to grow to that size, or says why there are none. */
  setAsideGrowth(volume: Volume, size: bigint): readonly Refusal[] {
    const { ledger } = this.#view;
    const pool = volume.status?.placement?.pool;
    const offer = this.offers().find((it) => it.pool === pool);
    if (!offer) return [];
    const present = bytesOf(volume.status?.size ?? volume.spec.size);
    const assumed = ledger.assumed(volumeKey(volume))?.bytes ?? 0n;
    if (assumed >= size) return [];
    const more = size - (assumed > present ? assumed : present);
    const refusal = refuseFull(offer, more, volume.spec.provisioning);
    if (refusal) return [refusal];
    ledger.assume(volumeKey(volume), { pool: offer.pool, bytes: size });
    return [];
  }

  /** Gives back what was set aside for a growth that nobody has wished for after all. */
  letGrowthGo(volume: Volume): void {
    this.#view.ledger.forget(volumeKey(volume));
  }
}
