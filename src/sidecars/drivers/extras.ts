/**
 * What CSI has no word for, and callers of a driver are better for knowing. Whoever plugs a driver in gives it along, as
 * far as somebody tells it.
 */
export interface DriverExtras {
  /**
   * Calls the listener whenever the driver may have more room than before, but for volumes and snapshots that are gone,
   * which everybody sees. Not for what happened before.
   */
  readonly onRoom?: (listener: () => void) => Disposable;
  /** Calls the listener whenever GetCapacity may answer something else than before. */
  readonly onCapacity?: (listener: () => void) => Disposable;
  /** Who uses the driver's volumes, where attachments do not tell all of it. */
  readonly use?: ClaimUse;
  /**
   * Whether the parameters of CreateVolume say for which claim the volume is, as csi-provisioner has it with
   * `--extra-create-metadata`. Not by default: drivers may refuse what they do not expect.
   */
  readonly claimMetadata?: boolean;
}

/** Which claims are in use; a key is `namespace/name`. */
export interface ClaimUse {
  /** Settles when the answers can be trusted. */
  readonly synced: Promise<void>;
  isInUse(claim: string): boolean;
  /** Calls the listener with the key of a claim whose use may have ended. */
  onChange(listener: (claim: string) => void): Disposable;
}
