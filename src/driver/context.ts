import type { Api } from '../api/api.ts';
import type { EventRecorder } from '../api/events.ts';
import type { Engines } from '../engines/engine.ts';
import type { Exec } from '../lib/exec.ts';
import type { Log } from '../lib/log.ts';
import type { Meter } from '../lib/meter.ts';
import type { Snapshot, Volume } from '../model/kinds/moorage.ts';
import type { Room } from '../volumes/placement/room.ts';
import type { VolumeReferences } from '../volumes/references/rules.ts';
import type { ObjectWatch } from './object-watch.ts';

/** What every service of the driver is given. */
export interface CommonOptions {
  readonly api: Api;
  /** The pools that it may choose from: those of all nodes, or those of this one. */
  readonly room: Room;
  /** What else in the API needs a Volume; default: the API is asked each time. */
  readonly references?: VolumeReferences | undefined;
  /** Path of the unix socket to serve on. */
  readonly socket: string;
  readonly log: Log;
  readonly meter: Meter;
  /** For callers that do not measure their calls themselves. */
  readonly measureCalls?: boolean | undefined;
}

/** What the node service is given beside that. */
export interface NodeOptions {
  readonly engine: Engines;
  /** The name of this node. */
  readonly node: string;
  /** Records of what is staged here are kept in `node/` of it. */
  readonly dataDir: string;
  readonly exec: Exec;
  readonly events: EventRecorder;
  /** Milliseconds until a volume that nobody wants any more is let go by itself. Default two minutes. */
  readonly patience?: number | undefined;
}

/** What the driver is given: which services to serve, and what those need. The identity service is always served. */
export type DriverOptions = CommonOptions &
  (
    | { readonly services: readonly ['controller'] }
    | ({ readonly services: readonly ['node'] | readonly ['controller', 'node'] } & NodeOptions)
  );

/** What the controller service works with. */
export interface ControllerContext extends Pick<CommonOptions, 'api' | 'room'> {
  readonly references: VolumeReferences;
  readonly volumes: ObjectWatch<Volume>;
  readonly snapshots: ObjectWatch<Snapshot>;
}
