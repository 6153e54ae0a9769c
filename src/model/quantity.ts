import * as z from 'zod';
import { fail } from '../lib/errors.ts';

const pattern = /^([+-]?)(\d+(?:\.\d*)?|\.\d+)(Ki|Mi|Gi|Ti|Pi|Ei|n|u|m|k|M|G|T|P|E|[eE][+-]?\d+)?$/;
const binary: Readonly<Record<string, bigint>> = {
  Ki: 1n << 10n,
  Mi: 1n << 20n,
  Gi: 1n << 30n,
  Ti: 1n << 40n,
  Pi: 1n << 50n,
  Ei: 1n << 60n,
};
const decimal: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };

/**
 * Bytes that a Kubernetes quantity stands for, fractions rounded up, as Quantity.Value() does. Throws `invalid`.
 * https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 */
export function bytesOf(text: string): bigint {
  const match =
    pattern.exec(text.trim()) ??
    fail('invalid', `"${text}" is not a quantity: write a number with an optional suffix, such as 500Mi, 10Gi or 1T`);
  const [, sign, digits = '', suffix = ''] = match;
  const [whole = '', fraction = ''] = digits.split('.');
  const factor = binary[suffix];
  const exponent = factor ? 0 : (decimal[suffix] ?? Number(suffix.slice(1)));
  let value = BigInt(whole + fraction || '0') * (factor ?? 1n) * 10n ** BigInt(Math.max(exponent, 0));
  const divisor = 10n ** BigInt(fraction.length + Math.max(-exponent, 0));
  value = (value + divisor - 1n) / divisor;
  return sign === '-' ? -value : value;
}

/** Bytes as the shortest exact binary quantity: 1073741824n is "1Gi". */
export function formatBytes(bytes: bigint): string {
  for (const suffix of ['Ei', 'Pi', 'Ti', 'Gi', 'Mi', 'Ki']) {
    const factor = binary[suffix] ?? 1n;
    if (bytes !== 0n && bytes % factor === 0n) return `${bytes / factor}${suffix}`;
  }
  return bytes.toString();
}

/** A quantity in its canonical form, as Kubernetes stores it. Throws `invalid`. */
export function canonicalQuantity(text: string): string {
  return /[KMGTPE]i$/.test(text) ? formatBytes(bytesOf(text)) : text;
}

/** A quantity in an object: text or a number on the way in, canonical text afterwards. */
export const quantity = z
  .union([z.string(), z.number()])
  .refine((value) => pattern.test(String(value)), {
    error: 'is not a quantity: write a number with an optional suffix, such as 10Gi',
  })
  .transform((value) => canonicalQuantity(String(value)))
  .meta({ format: 'quantity' });
