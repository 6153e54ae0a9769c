import type { Context } from '../api/context.ts';
import type { Controller } from '../api/controller.ts';
import type { DriverRegistry } from './drivers/driver.ts';

/** What every caller of CSI works with. */
export interface SidecarContext extends Context {
  readonly drivers: DriverRegistry;
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
