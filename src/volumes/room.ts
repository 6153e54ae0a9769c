import type { Engine } from '../engines/engine.ts';
import { pools, type Refusal, type Volume } from '../model/kinds/moorage.ts';
import { bytesOf } from '../model/quantity.ts';
import { place, refuseFull } from './placement.ts';
import { sourceOf } from './source.ts';
import { type Storage, volumeKey } from './storage.ts';

/**
 * The room in this node's pools, to the byte and to the moment. It is asked before a wish is written down, so that a
 * wish that can't be met costs no write. Bytes are set aside until the controller takes them over, or they are let go:
 * of many who ask at once, only those are let through for whom there is room.
 */
export class Room {
  readonly #storage: Storage;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  /** Sets bytes aside for a new volume of that name, or says for every pool why there are none. */
  setAside(name: string, spec: Volume['spec']): readonly Refusal[] {
    const { api, node } = this.#storage.options;
    const source = sourceOf(api, spec);
    // The controller knows how to wait for a source, and those of other nodes know their own pools.
    const elsewhere = [...api.informer(pools).list()].some((pool) => (pool.spec.node ?? node) !== node);
    if (elsewhere || (source && 'reason' in source)) return [];
    const { pool, mode, provisioning, nodes, preferredNodes } = spec;
    const bytes = bytesOf(spec.size);
    this.letGo(name);
    const wish = { pool, mode, provisioning, nodes, preferredNodes, size: bytes, source };
    const decision = place(wish, this.#storage.offers());
    if (!('placement' in decision)) return decision.refusals;
    this.#storage.ledger.assume(wishKey(name), { pool: decision.placement.pool, bytes });
    return [];
  }

  /** Gives back what was set aside for a new volume and not taken over. */
  letGo(name: string): void {
    this.#storage.ledger.forget(wishKey(name));
  }

  /** Sets bytes aside for a volume to grow to that size, or says why there are none. */
  setAsideGrowth(volume: Volume, size: bigint): readonly Refusal[] {
    const { ledger, options } = this.#storage;
    const placement = volume.status?.placement;
    const pool = placement?.node === options.node && options.api.informer(pools).get({ name: placement.pool });
    if (!pool) return [];
    const present = bytesOf(volume.status?.size ?? volume.spec.size);
    const assumed = ledger.assumed(volumeKey(volume))?.bytes ?? 0n;
    if (assumed >= size) return [];
    const more = size - (assumed > present ? assumed : present);
    const refusal = refuseFull(this.#storage.offer(pool), more, volume.spec.provisioning);
    if (refusal) return [refusal];
    ledger.assume(volumeKey(volume), { pool: pool.metadata.name, bytes: size });
    return [];
  }

  /** Gives back what was set aside for a growth that nobody has wished for after all. */
  letGrowthGo(volume: Volume): void {
    this.#storage.ledger.forget(volumeKey(volume));
  }
}

/** The key in the ledger of a volume that is not written down yet. */
export function wishKey(name: string): string {
  return `wish/${name}`;
}

const rooms = new WeakMap<Engine, Room>();

/** Makes the room of an engine known to whoever shares the engine, in this process. */
export function publishRoom(engine: Engine, room: Room): Disposable {
  rooms.set(engine, room);
  return { [Symbol.dispose]: () => void rooms.delete(engine) };
}

/** The room of an engine; undefined if its pools are kept by another process. */
export function roomOf(engine: Engine): Room | undefined {
  return rooms.get(engine);
}
