import type { Api } from '../api/api.ts';
import type { Controller } from '../api/controller.ts';
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

/** One caller of CSI: a controller, and what to do when a driver comes or comes back. */
export interface Sidecar {
  readonly controller: Controller;
  readonly wake: (driver: string) => void;
  /** What to do when a driver may have more room than before. */
  readonly roomFreed?: (driver: string) => void;
  /** What to do when a driver was asked for more room than it has. */
  readonly exhausted?: (driver: string) => void;
  /** Ends its timers. */
  readonly close?: () => void;
}
