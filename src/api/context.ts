import type { Exec } from '../lib/exec.ts';
import type { Log } from '../lib/log.ts';
import type { Meter } from '../lib/meter.ts';
import type { Api } from './api.ts';
import type { EventRecorder } from './events.ts';

/** What everything that works on objects is given. */
export interface Context {
  readonly api: Api;
  readonly log: Log;
  readonly events: EventRecorder;
  readonly meter: Meter;
}

/** What everything that works on a machine is given: it has the part of the world that is on this node. */
export interface MachineContext extends Context {
  /** The name of this machine's node. */
  readonly node: string;
  /** Where what this machine has to remember is kept. */
  readonly dataDir: string;
  /** When the store of this API last went on although objects may have been lost; undefined if it never did. */
  readonly lastLoss?: Date | undefined;
  readonly exec: Exec;
}
