import type { Api } from '../api/api.ts';
import type { EventRecorder } from '../api/events.ts';
import type { Log } from '../lib/log.ts';
import type { Meter } from '../lib/meter.ts';
import type { DriverRegistry } from './drivers/driver.ts';

/** What every caller of CSI works with. */
export interface SidecarContext {
  readonly api: Api;
  readonly drivers: DriverRegistry;
  readonly log: Log;
  readonly events: EventRecorder;
  readonly meter: Meter;
}
