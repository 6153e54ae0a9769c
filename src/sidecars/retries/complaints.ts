import type { EventRecorder } from '../../api/events.ts';
import { type KubeObject, keyOf, refTo } from '../../model/object.ts';

const interval = 300_000;

/**
 * Tells why something fails, but not at every try: again only after 5 minutes, or when the reason is another one. Only
 * figures that differ (how much room is left, or that there is none) are not another reason.
 */
export class Complaints {
  readonly #events: EventRecorder;
  readonly #told = new Map<string, { readonly gist: string; readonly next: number }>();

  constructor(events: EventRecorder) {
    this.#events = events;
  }

  /** True if it was told now. */
  warn(object: KubeObject, reason: string, message: string): boolean {
    const key = keyOf(refTo(object));
    const gist = `${object.metadata.uid} ${reason} ${message.replaceAll(/\d+(\.\d+)?([KMGTPE]i?)?|\bnone\b/g, '#')}`;
    const now = performance.now();
    const told = this.#told.get(key);
    if (told?.gist === gist && now < told.next) return false;
    this.#told.set(key, { gist, next: now + interval });
    this.#events.warning(object, reason, message);
    return true;
  }

  forget(key: string): void {
    this.#told.delete(key);
  }
}
