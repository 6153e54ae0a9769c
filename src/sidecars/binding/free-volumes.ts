import type { Informer } from '../../api/api.ts';
import { classOf, classOfVolume } from '../../model/claims/claims.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '../../model/kinds/core.ts';
import { isDeleting, keyOf, refTo } from '../../model/object.ts';
import { bytesOf } from '../../model/quantity.ts';

/** Milliseconds for which several volumes that were taken are one piece of news. */
const gather = 500;

/**
 * The volumes that a claim could be bound to as it is: a claim for which there is one is its binder's, and gets a new
 * volume only if the binder says so, or the last such volume is gone.
 */
export class FreeVolumes implements Disposable {
  readonly #ofClass: (className: string) => readonly PersistentVolume[];
  readonly #reservedFor: (claim: string) => readonly PersistentVolume[];
  readonly #left = new Set<string>();
  readonly #listening: Disposable;
  #gathering: NodeJS.Timeout | undefined;

  /** `retry` has another look at the claim of that key. */
  constructor(volumes: Informer<PersistentVolume>, retry: (key: string) => void) {
    this.#ofClass = volumes.index('provisioner: free of class', (it) => (it.spec.claimRef ? [] : [classOfVolume(it)]));
    this.#reservedFor = volumes.index('provisioner: reserved for', ({ spec: { claimRef } }) =>
      claimRef?.name && !claimRef.uid ? [keyOf({ namespace: claimRef.namespace, name: claimRef.name })] : [],
    );
    this.#listening = volumes.onChange(({ type, object, old }) => {
      const wasTaken = type === 'deleted' || (old && !old.spec.claimRef && object.spec.claimRef);
      if (!wasTaken || this.#left.size === 0 || this.#gathering) return;
      this.#gathering = setTimeout(() => {
        this.#gathering = undefined;
        const keys = [...this.#left];
        this.#left.clear();
        for (const key of keys) retry(key);
      }, gather).unref();
    });
  }

  /**
   * True if a volume could serve the claim; the claim is then looked at again when volumes have been taken. For a claim
   * that waits for its first consumer (`delayed`) the scheduler has looked at those that nobody reserved.
   */
  has(claim: PersistentVolumeClaim, delayed: boolean): boolean {
    const key = keyOf(refTo(claim));
    const candidates = [...this.#reservedFor(key), ...(delayed ? [] : this.#ofClass(classOf(claim)))];
    const found = candidates.some((volume) => couldServe(volume, claim));
    if (found) this.#left.add(key);
    else this.#left.delete(key);
    return found;
  }

  forget(key: string): void {
    this.#left.delete(key);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#gathering);
    this.#listening[Symbol.dispose]();
  }
}

/** What the binder looks at, but for class and reservation: size, mode, access modes, attributes. */
export function couldServe(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const [has, wants] = [volume.spec, claim.spec];
  if (isDeleting(volume)) return false;
  if (bytesOf(has.capacity?.['storage'] ?? '0') < bytesOf(wants.resources?.requests?.['storage'] ?? '0')) return false;
  if ((has.volumeMode ?? 'Filesystem') !== (wants.volumeMode ?? 'Filesystem')) return false;
  if ((has.volumeAttributesClassName ?? '') !== (wants.volumeAttributesClassName ?? '')) return false;
  return (wants.accessModes ?? []).every((mode) => has.accessModes?.includes(mode));
}
