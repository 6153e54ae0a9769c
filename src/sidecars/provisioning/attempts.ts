import type { Result } from '../../api/controller.ts';
import { classOf, dataSourceOf } from '../../model/claims/claims.ts';
import { selectedNodeAnnotation } from '../../model/claims/well-known.ts';
import type { PersistentVolumeClaim } from '../../model/kinds/core.ts';
import type { StorageClass } from '../../model/kinds/storage.ts';
import { requestedBytes } from '../create-volume/request.ts';
import type { Driver } from '../drivers/driver.ts';
import { isExhausted, isFinal } from '../requests/outcome.ts';
import { Pauses } from '../retries/pauses.ts';
import { waitIfNotReady } from '../retries/wait-if-not-ready.ts';
import { type Ask, WaitingForRoom } from '../retries/waiting-for-room.ts';
import type { Provisioned, ProvisionerParts } from './parts.ts';
import { provision } from './provision.ts';
import { reschedule } from './reschedule.ts';

export interface AttemptsOptions {
  /** Has another look at the claim of that key. */
  readonly retry: (key: string) => void;
  /** Hears of each driver that had no room for a claim. */
  readonly onExhausted: (driver: string) => void;
}

/** Asks drivers for volumes, and knows which claims had better wait before they ask again. */
export class Attempts implements Disposable {
  readonly #parts: ProvisionerParts;
  readonly #pauses = new Pauses({ longest: 300_000 });
  readonly #forRoom: WaitingForRoom;
  readonly #onExhausted: (driver: string) => void;

  constructor(parts: ProvisionerParts, { retry, onExhausted }: AttemptsOptions) {
    this.#parts = parts;
    this.#forRoom = new WaitingForRoom(retry);
    this.#onExhausted = onExhausted;
  }

  /** What was made, or when to try again; nothing if something will announce that. */
  async make(
    key: string,
    claim: PersistentVolumeClaim,
    storageClass: StorageClass,
    driver: Driver,
  ): Promise<{ readonly made?: Provisioned; readonly later?: Result }> {
    const ask = askOf(key, claim, driver);
    const wish = `${ask.kind} ${ask.bytes}`;
    const left = this.#pauses.left(key, wish);
    if (left > 0) return { later: { again: left } };
    if (this.#forRoom.mustWait(key)) return {};
    try {
      const { done, later } = await waitIfNotReady(() => provision(this.#parts, claim, storageClass, driver));
      this.#forRoom.settled(key, done !== undefined);
      this.#pauses.forget(key);
      return done ? { made: done } : { later };
    } catch (error) {
      if (isExhausted(error)) {
        this.#onExhausted(driver.name);
        if (await reschedule(this.#parts, claim, driver.name)) this.settled(key);
        else this.#forRoom.refused(ask);
        return {};
      }
      this.settled(key);
      if (!isFinal(error)) throw error;
      return { later: { again: this.#pauses.begin(key, wish) } };
    }
  }

  /** The claim waits for no room: it wants none, or it got what it wanted. */
  settled(key: string): void {
    this.#forRoom.settled(key);
  }

  /** What failed may have a reason to be tried anew, whatever its pause. */
  endPause(key: string): void {
    this.#pauses.end(key);
  }

  /** A driver may have more room than before. */
  freed(driver: string): void {
    this.#forRoom.freed(driver);
  }

  forget(key: string): void {
    this.#pauses.forget(key);
    this.settled(key);
  }

  [Symbol.dispose](): void {
    this.#forRoom[Symbol.dispose]();
  }
}

/** What the claim asks for; claims of one kind differ in nothing but size. */
function askOf(key: string, claim: PersistentVolumeClaim, driver: Driver): Ask {
  const { metadata, spec } = claim;
  const source = dataSourceOf(claim);
  const node = metadata.annotations?.[selectedNodeAnnotation];
  const kind = [classOf(claim), spec.volumeMode, spec.accessModes, node, source && [metadata.namespace, source]];
  return {
    key,
    driver: driver.name,
    kind: JSON.stringify(kind),
    bytes: requestedBytes(claim),
    since: metadata.creationTimestamp ?? '',
  };
}
