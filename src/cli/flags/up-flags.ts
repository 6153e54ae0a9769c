import type { ClusterFlags } from './cluster-flags.ts';

/** The flags of `moorage up`, as they were typed. */
export interface UpFlags {
  readonly data?: string;
  readonly listen?: string;
  readonly port?: string;
  readonly node?: string;
  readonly csi?: readonly string[];
  readonly logLevel?: string;
  readonly backend?: string;
  readonly poolPath?: string;
  readonly acceptStoreVersion?: string;
}

/** The roles that the command line can start; given to it by main, since roles stand above it. */
export interface Roles {
  /** Runs everything in this process until a signal ends it; returns the exit code. */
  up(flags: UpFlags): Promise<number>;
  /** The same for the part of a cluster that it needs once. */
  controller(flags: ClusterFlags): Promise<number>;
  /** The same for the part that every node of a cluster needs. */
  agent(flags: ClusterFlags): Promise<number>;
}
