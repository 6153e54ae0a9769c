import { fail } from '../../lib/errors.ts';
import type { Snapshot, Volume } from '../../model/kinds/moorage.ts';
import { failureOf } from '../../volumes/failure.ts';

/**
 * Throws what made a Volume or Snapshot fail, which has been withdrawn. In CSI, `already-exists` is said of one that is
 * there under the name, and keeps the caller asking for it; here there is none, only bytes that are in its way.
 */
export function failAs(doing: string, object: Volume | Snapshot): never {
  const { code, message } = failureOf(object);
  return fail(code === 'already-exists' ? 'in-use' : code, `${doing}: ${message}`);
}
