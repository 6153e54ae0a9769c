import { crc32 } from 'node:zlib';

const modulus = 2 ** 48;

/** What one row adds to the digest of a store: 48 bits over all that is in it. */
export function rowDigest(id: number, rv: number, resource: string, crc: number): number {
  const high = crc32(`${id} ${rv} ${resource}`, crc);
  const low = Math.imul(high ^ crc ^ 0x9e3779b1, 0x85ebca6b) >>> 16;
  return high * 0x10000 + low;
}

/**
 * The digest of a store after a row has come, gone or changed: the sum over all rows, so that one change costs the
 * same however many rows there are. It is there to find damage, and keeps nobody out who forges it.
 */
export function changedDigest(digest: number, before: number | undefined, after: number | undefined): number {
  return (digest + (after ?? 0) - (before ?? 0) + modulus) % modulus;
}
