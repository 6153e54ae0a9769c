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
}

/** The roles that the command line can start; given to it by main, since roles stand above it. */
export interface Roles {
  /** Runs everything in this process until a signal ends it; returns the exit code. */
  up(flags: UpFlags): Promise<number>;
}
