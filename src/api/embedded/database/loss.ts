import { MoorageError } from '../../../lib/errors.ts';
import type { Testimony } from './witness.ts';

/** What was found in a store: what it says of itself, and the digest of what is really in it. */
export interface Found {
  /** Undefined for a store of a release that kept no witness. */
  readonly store: string | undefined;
  readonly version: number;
  readonly digest: number;
  readonly actual: number;
}

/** Why it is not certain that a store holds all that was acknowledged. */
export interface Doubt {
  readonly what: string;
  /** The newest version that is there, and the newest that was acknowledged, as far as that is known. */
  readonly version: number;
  readonly acknowledged: number | undefined;
}

/**
 * Holds a store against its witness. Undefined means: all that was acknowledged is there. A store without a witness
 * that never had one is taken as it is, once. Pure.
 */
export function doubtOf(found: Found, witness: Testimony | 'damaged' | undefined): Doubt | undefined {
  const { store, version, digest, actual } = found;
  const doubt = (what: string, acknowledged?: number): Doubt => ({ what, version, acknowledged });
  const newest = typeof witness === 'object' ? witness.version : undefined;
  if (store !== undefined && digest !== actual) {
    return doubt(`some of its objects are missing, or are not as they were written last`, newest);
  }
  if (witness === undefined) return store === undefined ? undefined : doubt('its witness is gone');
  if (witness === 'damaged') return doubt('its witness is damaged');
  if (store !== undefined && store !== witness.store) return doubt('its witness is that of another store', newest);
  if (version < witness.version) {
    const missing =
      witness.version === version + 1 ? `${witness.version} is` : `${version + 1} to ${witness.version} are`;
    return doubt(`it ends at version ${version}, and ${missing} missing, which had been acknowledged`, newest);
  }
  // What came after the witness was not acknowledged, but is there: that is never a loss.
  if (
    (version === witness.version || store === undefined) &&
    (version !== witness.version || actual !== witness.digest)
  )
    return doubt(`at version ${version} it does not hold what was acknowledged`, newest);
  return undefined;
}

/** A `corrupted` error that says what is missing and how to go on. */
export function lossError(file: string, { what, version, acknowledged }: Doubt): MoorageError {
  const known = acknowledged === undefined ? ', so nobody can tell whether all that was acknowledged is in it' : '';
  return new MoorageError(
    'corrupted',
    `the store ${file} can't be trusted to be whole: ${what}${known}; nothing was changed. The cause may be damage to it or to its log ${file}-wal, ` +
      `or a copy from another time. Put back store.db and what belongs to it (store.db-*) from where they are whole; ` +
      `or go on with what is there and without what may be missing: "moorage up --accept-store-version ${version}"`,
  );
}
