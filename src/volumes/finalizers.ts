/** Keeps a Volume until the engine says that its bytes are gone. Who creates a Volume saves a write by adding it. */
export const volumeFinalizer = 'moorage.dev/volume';

/** Keeps a Snapshot until the engine says that its bytes are gone. */
export const snapshotFinalizer = 'moorage.dev/snapshot';

/** Keeps a Pool while volumes and snapshots are in it, and until it is closed. */
export const poolFinalizer = 'moorage.dev/pool';
