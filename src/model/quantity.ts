import * as z from 'zod';
import { fail } from '../lib/errors.ts';
import { beginning } from '../lib/text.ts';

/**
 * Quantities as Kubernetes parses and prints them (k8s.io/apimachinery/pkg/api/resource). A quantity remembers which
 * of three notations it was written in: binary (Ki, Mi …), decimal (m, k, M …) or exponent (1e3), and is printed in
 * the same one, without a fraction and with the largest suffix that loses nothing.
 */
type Notation = 'binary' | 'decimal' | 'exponent';

interface Quantity {
  /** In units of 10^-9, which is as fine as a quantity can be. */
  readonly nanos: bigint;
  readonly notation: Notation;
  /** The text itself where Kubernetes keeps it, such as 1100Gi or 1.500. */
  readonly kept?: string;
}

const pattern = /^([+-]?)(\d+(?:\.\d*)?|\.\d+)(Ki|Mi|Gi|Ti|Pi|Ei|n|u|m|k|M|G|T|P|E|[eE][+-]?\d{1,3})?$/;
const binaryPowers: Readonly<Record<string, bigint>> = { Ki: 10n, Mi: 20n, Gi: 30n, Ti: 40n, Pi: 50n, Ei: 60n };
const decimalPowers: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  '': 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
const decimalSuffixes = new Map(Object.entries(decimalPowers).map(([suffix, power]) => [power, suffix]));
/** The largest number of bytes that programs tell each other of: what a signed 64-bit integer holds. */
export const largestBytes = 2n ** 63n - 1n;
const largest = largestBytes;
const nano = 10n ** 9n;

/** The longest text that is read: to make a number of its digits costs the square of their count. */
const longest = 256;

function parse(text: string): Quantity {
  const match = (text.length <= longest ? pattern.exec(text) : null) ?? notOne(text);
  const [, sign, digits = '', suffix = ''] = match;
  const [leading = '', fraction = ''] = digits.split('.');
  const whole = leading.replace(/^0+/, '');
  const power = binaryPowers[suffix];
  const exponent = power === undefined ? (decimalPowers[suffix] ?? Number(suffix.slice(1))) : 0;
  const nanos = toNanos(BigInt(whole + fraction || '0') << (power ?? 0n), exponent - fraction.length);
  const kept = isKept(whole, fraction, power, exponent) ? { kept: text } : {};
  const signed = (value: bigint) => (sign === '-' ? -value : value);
  if (power === undefined) {
    return { nanos: signed(nanos), notation: suffix in decimalPowers ? 'decimal' : 'exponent', ...kept };
  }
  const capped = nanos > largest * nano ? largest * nano : nanos;
  return { nanos: signed(capped), notation: capped < nano ? 'decimal' : 'binary', ...kept };
}

function notOne(text: string): never {
  const shown = beginning(text, 100);
  return fail(
    'invalid',
    `"${shown}" is not a quantity: write a number with an optional suffix, such as 500Mi, 10Gi or 1T`,
  );
}

/** `value` times ten to the `exponent`, in nanos; what is finer is rounded away from zero. */
function toNanos(value: bigint, exponent: number): bigint {
  const shift = exponent + 9;
  if (shift >= 0) return value * 10n ** BigInt(shift);
  const divisor = 10n ** BigInt(-shift);
  return (value + divisor - 1n) / divisor;
}

/** Kubernetes' short cut: what looks canonical is kept as it was written, and so is the odd 1.500 or 0010Gi. */
function isKept(whole: string, fraction: string, power: bigint | undefined, exponent: number): boolean {
  const digits = (whole || '0') + fraction;
  if (power === undefined) {
    const scale = exponent - fraction.length;
    const short = digits.length <= 18 && scale >= -9;
    return short && scale % 3 === 0 && !digits.endsWith('000') && !digits.startsWith('0');
  }
  const short = fraction === '' && digits.length <= 14 - Math.trunc((Number(power) * 3) / 10);
  return short && (BigInt(digits) & 7n) !== 0n && BigInt(digits) << power <= largest;
}

function print({ nanos, notation, kept }: Quantity): string {
  if (nanos === 0n) return '0';
  if (kept !== undefined) return kept;
  const size = nanos < 0n ? -nanos : nanos;
  if (notation === 'binary' && size >= 1024n * nano && size % nano === 0n) return formatBytes(nanos / nano);
  let mantissa = nanos;
  let exponent = -9;
  while (mantissa % 1000n === 0n) {
    mantissa /= 1000n;
    exponent += 3;
  }
  const suffix = notation === 'exponent' ? undefined : decimalSuffixes.get(exponent);
  return `${mantissa}${suffix ?? (exponent === 0 ? '' : `e${exponent}`)}`;
}

/** Bytes that a Kubernetes quantity stands for, fractions rounded away from zero. Throws `invalid`. */
export function bytesOf(text: string): bigint {
  const { nanos } = parse(text.trim());
  return nanos < 0n ? -((-nanos + nano - 1n) / nano) : (nanos + nano - 1n) / nano;
}

/** Bytes as they can be told to another program: no more than it can count. */
export function countable(bytes: bigint): bigint {
  return bytes > largestBytes ? largestBytes : bytes;
}

/** Bytes as the shortest exact binary quantity: 1073741824n is "1Gi". */
export function formatBytes(bytes: bigint): string {
  for (const [suffix, power] of Object.entries(binaryPowers).reverse()) {
    if (bytes !== 0n && bytes % (1n << power) === 0n) return `${bytes / (1n << power)}${suffix}`;
  }
  return bytes.toString();
}

/** A quantity in its canonical form, as Kubernetes prints it. Throws `invalid`. */
export function canonicalQuantity(text: string): string {
  return print(parse(text.trim()));
}

/** Negative, zero or positive, as a is less than, equal to or greater than b. Throws `invalid`. */
export function compareQuantities(a: string, b: string): -1 | 0 | 1 {
  const difference = parse(a.trim()).nanos - parse(b.trim()).nanos;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** a + b in the notation of a, or of b if a is zero. Throws `invalid`. */
export function addQuantities(a: string, b: string): string {
  return combine(a, b, (left, right) => left + right);
}

/** a - b in the notation of a, or of b if a is zero. Throws `invalid`. */
export function subtractQuantities(a: string, b: string): string {
  return combine(a, b, (left, right) => left - right);
}

function combine(a: string, b: string, join: (left: bigint, right: bigint) => bigint): string {
  const left = parse(a.trim());
  const right = parse(b.trim());
  const notation = left.nanos === 0n ? right.notation : left.notation;
  return print({ nanos: join(left.nanos, right.nanos), notation });
}

/** A quantity in an object: text or a number on the way in, canonical text afterwards. */
export const quantity = z
  .union([z.string(), z.number()])
  .refine((value) => String(value).length <= longest && pattern.test(String(value).trim()), {
    error: 'is not a quantity: write a number with an optional suffix, such as 10Gi',
  })
  .transform((value) => canonicalQuantity(String(value)))
  .meta({ format: 'quantity' });
