import type { List, WatchEvent } from '../../../api/api.ts';
import type { Status } from '../../../api/status.ts';
import type { KubeObject } from '../../../model/object.ts';

/** Text, or bytes. */
export type Encoded = string | Uint8Array;

/** How objects of a kind are written to one client. */
export interface Encoding {
  /** The media type. */
  readonly type: string;
  object(object: KubeObject): Encoded;
  list(list: List<KubeObject>): Encoded;
  /** One event of a watch, so that the next can follow it. */
  event(event: WatchEvent<KubeObject>): Encoded;
  /** The event that says why a watch ends. */
  failure(status: Status): Encoded;
}
