import { fail } from '../../lib/errors.ts';

/** The version of `--accept-store-version`. Throws `invalid`. */
export function readStoreVersion(text: string): number {
  return /^\d{1,15}$/.test(text)
    ? Number(text)
    : fail('invalid', `--accept-store-version ${text}: give the version that the refusal has named`);
}
