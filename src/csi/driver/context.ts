import type { Api } from '../../api/api.ts';
import type { Engine } from '../../engines/engine.ts';
import type { Exec } from '../../lib/exec.ts';
import type { Log } from '../../lib/log.ts';
import type { Meter } from '../../lib/meter.ts';
import type { Pool, Snapshot, Volume } from '../../model/kinds/moorage.ts';
import type { ObjectWatch } from './object-watch.ts';

/** What the driver is given. */
export interface DriverOptions {
  readonly api: Api;
  readonly engine: Engine;
  /** The name of this node. */
  readonly node: string;
  /** Path of the unix socket to serve on. */
  readonly socket: string;
  /** Records of what is staged here are kept in `node/` of it. */
  readonly dataDir: string;
  readonly exec: Exec;
  readonly log: Log;
  readonly meter: Meter;
}

/** What the controller service works with. */
export interface ControllerContext extends DriverOptions {
  readonly volumes: ObjectWatch<Volume>;
  readonly snapshots: ObjectWatch<Snapshot>;
  readonly pools: ObjectWatch<Pool>;
}
