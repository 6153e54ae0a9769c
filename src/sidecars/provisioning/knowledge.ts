import type { PersistentVolumeClaim } from '../../model/kinds/core.ts';

/**
 * What this process knows of the calls that were made for claims. It is only ever used to save a call: what is not
 * known here, because another process made the calls, counts as "may have made something".
 */
export class Knowledge {
  readonly #started = Date.now();
  readonly #clean = new Map<string, boolean>();

  /** A call for the claim is about to be made, or has ended without a certain answer. */
  mayHaveMade({ metadata }: PersistentVolumeClaim): void {
    this.#clean.set(metadata.uid ?? '', false);
  }

  /** The last call for the claim has surely made nothing, or what it made is gone again. */
  hasMadeNothing({ metadata }: PersistentVolumeClaim): void {
    this.#clean.set(metadata.uid ?? '', true);
  }

  forget({ metadata }: PersistentVolumeClaim): void {
    this.#clean.delete(metadata.uid ?? '');
  }

  /** True if surely no volume was made for the claim. Times in objects are whole seconds, rounded down. */
  isClean({ metadata }: PersistentVolumeClaim): boolean {
    const known = this.#clean.get(metadata.uid ?? '');
    if (known !== undefined) return known;
    return metadata.creationTimestamp ? Date.parse(metadata.creationTimestamp) > this.#started : false;
  }
}
