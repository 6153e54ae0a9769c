import type { CsiClient } from '../../csi/transport/csi-client.ts';
import type { DriverCapabilities } from './capabilities.ts';
import type { DriverExtras } from './extras.ts';

/** A CSI driver that has answered, as it was when it last answered. */
export interface Driver {
  readonly name: string;
  readonly version: string;
  readonly socket: string;
  /** Its calls, each measured and with a deadline. They fail with UNAVAILABLE while the driver is away. */
  readonly client: CsiClient;
  readonly capabilities: DriverCapabilities;
  /** What the driver calls this node; undefined if it was not asked, for want of a node. */
  readonly nodeId: string | undefined;
  /** Where this node is, in the driver's terms; empty for a driver whose volumes are reachable from everywhere. */
  readonly topology: Readonly<Record<string, string>>;
  /** What is told of it beyond CSI; empty for most. */
  readonly extras: DriverExtras;
}

/** A driver that is to be plugged in. */
export interface DriverRegistration {
  /** The name that it must have; undefined takes it by the name that it says. */
  readonly name?: string | undefined;
  readonly socket: string;
  readonly extras?: DriverExtras;
}

/** The CSI drivers that are plugged in. */
export interface DriverRegistry extends AsyncDisposable {
  /**
   * Plugs in the driver behind a socket, and resolves when it is ready. Throws `invalid` if it has another name,
   * `not-ready` if it does not answer in time; then it still joins when it does.
   */
  add(driver: DriverRegistration): Promise<Driver>;
  get(name: string): Driver | undefined;
  list(): readonly Driver[];
  /** Calls the listener for each driver that is there, and whenever one joins or comes back. */
  onChange(listener: (driver: Driver) => void): Disposable;
}
