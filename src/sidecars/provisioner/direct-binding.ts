import { type PersistentVolumeClaim, persistentVolumeClaims, persistentVolumes } from '../../model/kinds/core.ts';
import { keyOf, refTo } from '../../model/object.ts';
import { measuredStep } from '../shared/step.ts';
import { release } from './abandon.ts';
import { bindClaim, markBound, withdraw } from './bind.ts';
import { BinderBacklog } from './binder-backlog.ts';
import { FreeVolumes } from './free-volumes.ts';
import type { Provisioned, ProvisionerParts } from './parts.ts';

/** Binds claims to the volumes that were made for them, beside the binder of a real cluster. */
export class DirectBinding implements Disposable {
  readonly #parts: ProvisionerParts;
  readonly #free: FreeVolumes;
  readonly #backlog: BinderBacklog;

  /** `retry` has another look at the claim of that key. */
  constructor(parts: ProvisionerParts, retry: (key: string) => void) {
    this.#parts = parts;
    const volumes = parts.api.informer(persistentVolumes);
    this.#free = new FreeVolumes(volumes, retry);
    this.#backlog = new BinderBacklog(parts.api.informer(persistentVolumeClaims), volumes, parts.volumes, retry);
  }

  /**
   * Whether the claim is the binder's: there is a volume that it could be bound to. See FreeVolumes for `delayed`.
   */
  leaves(claim: PersistentVolumeClaim, delayed: boolean): boolean {
    return this.#free.has(claim, delayed);
  }

  /**
   * Binds the two; the volume goes if the claim has taken another one. While the binder is behind, only the volume's
   * side is written: the binder may come to the claim itself before we do.
   */
  async bind({ claim, volume }: Provisioned): Promise<void> {
    const parts = this.#parts;
    const marked = await markBound(parts, volume);
    if (this.#backlog.holds(keyOf(refTo(claim)))) return;
    const isBound = await measuredStep(parts.meter, 'bind', () => bindClaim(parts, claim, marked));
    if (!isBound) await this.withdraw({ claim, volume: marked });
  }

  /** Gives the volume up, and lets the claim go its way. */
  async withdraw({ claim, volume }: Provisioned): Promise<void> {
    await withdraw(this.#parts, volume);
    await release(this.#parts, this.#parts.claims.get(refTo(claim)) ?? claim);
    const fields = { volume: volume.metadata.name, claim: claim.metadata.name };
    this.#parts.log.info(fields, 'the claim took another volume meanwhile');
  }

  forget(key: string): void {
    this.#free.forget(key);
  }

  [Symbol.dispose](): void {
    this.#free[Symbol.dispose]();
    this.#backlog[Symbol.dispose]();
  }
}
