import type { Result } from '../../api/controller.ts';
import { type PersistentVolumeClaim, persistentVolumeClaims, persistentVolumes } from '../../model/kinds/core.ts';
import { keyOf, refTo } from '../../model/object.ts';
import { measuredStep } from '../measured-step.ts';
import { release } from '../provisioning/abandon.ts';
import type { Provisioned, ProvisionerParts } from '../provisioning/parts.ts';
import { bindClaim, markBound, withdraw } from './bind.ts';
import { BinderBacklog } from './binder-backlog.ts';
import { FreeVolumes } from './free-volumes.ts';

/**
 * Milliseconds that the binder has to write on a claim whom its volume is waited for from. That is not needed; but if
 * we write first, its own write fails, and it tells people of a failure that is none.
 */
const grace = 40;
/** With more claims than this at once the binder can't keep up, and what it tells is one of many. */
const few = 8;

/** Binds claims to the volumes that were made for them, beside the binder of a real cluster. */
export class DirectBinding implements Disposable {
  readonly #parts: ProvisionerParts;
  readonly #free: FreeVolumes;
  readonly #backlog: BinderBacklog;
  /** When a claim was first seen without the binder's word. */
  readonly #seen = new Map<string, number>();

  /** `retry` has another look at the claim of that key. */
  constructor(parts: ProvisionerParts, retry: (key: string) => void) {
    this.#parts = parts;
    const volumes = parts.api.informer(persistentVolumes);
    this.#free = new FreeVolumes(volumes, retry);
    this.#backlog = new BinderBacklog(parts.api.informer(persistentVolumeClaims), volumes, parts.volumes, retry);
  }

  /**
   * Whether a claim that the binder has said nothing about is left to it: undefined if not, otherwise when to look
   * again, unless something happens before. See FreeVolumes for `delayed`.
   */
  leaves(claim: PersistentVolumeClaim, delayed: boolean): Result | undefined {
    if (this.#free.has(claim, delayed)) return {};
    const key = keyOf(refTo(claim));
    const now = performance.now();
    for (const [other, since] of this.#seen) if (now - since > 100 * grace) this.#seen.delete(other);
    const since = this.#seen.get(key) ?? now;
    if (this.#seen.size >= few || now - since >= grace) return undefined;
    this.#seen.set(key, since);
    return { again: Math.ceil(since + grace - now) };
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
    this.#seen.delete(key);
  }

  [Symbol.dispose](): void {
    this.#free[Symbol.dispose]();
    this.#backlog[Symbol.dispose]();
  }
}
