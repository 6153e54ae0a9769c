/** Bytes that the size of every volume is a multiple of: the largest sector that a device has. */
export const sizeUnit = 4096n;

/** Bytes in whole units. */
export function roundUp(bytes: bigint, unit = sizeUnit): bigint {
  return ((bytes + unit - 1n) / unit) * unit;
}

/** The bytes of the whole units in it. */
export function roundDown(bytes: bigint, unit = sizeUnit): bigint {
  return bytes - (bytes % unit);
}

/** The larger of two sizes. */
export function larger(a: bigint, b: bigint): bigint {
  if (a < b) return b;
  return a;
}

/** The smaller of two sizes. */
export function smaller(a: bigint, b: bigint): bigint {
  if (b < a) return b;
  return a;
}
