import type { WatchEvent } from '../../../api/api.ts';
import type { KubeObject } from '../../../model/object.ts';

/** So many frames are kept, and none that is longer: what all watchers of a kind want at about the same time. */
const most = 256;
const longest = 16 * 1024;

/** The frames of the latest events, so that what fifty watchers are told is encoded once. */
export class RecentFrames {
  #frames = new Map<KubeObject, { readonly type: string; readonly frame: Uint8Array }>();

  /** The frame of an event, made if nobody has just asked for it. */
  of({ type, object }: WatchEvent<KubeObject>, make: () => Uint8Array): Uint8Array {
    const known = this.#frames.get(object);
    if (known?.type === type) return known.frame;
    const frame = make();
    if (this.#frames.size >= most) this.#frames = new Map();
    if (frame.length <= longest) this.#frames.set(object, { type, frame });
    return frame;
  }
}
