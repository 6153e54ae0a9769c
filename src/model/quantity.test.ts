import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addQuantities,
  bytesOf,
  canonicalQuantity,
  compareQuantities,
  formatBytes,
  quantity,
  subtractQuantities,
} from './quantity.ts';

/**
 * What Kubernetes 1.34 itself says: [text, canonical or null for an error, Value()]. The value is null where it has
 * none to go by: beyond int64, and below zero, where its Value() wraps around.
 */
const vectors: {
  texts: [string, string | null, string | null][];
  pairs: [string, string, string, string, number][];
} = JSON.parse(readFileSync(new URL('quantity.vectors.json', import.meta.url), 'utf8'));

describe('every vector of Kubernetes', () => {
  test.each(vectors.texts)('"%s" is %s, %s bytes', (text, canonical, value) => {
    if (canonical === null) {
      expect(() => canonicalQuantity(text)).toThrow('is not a quantity');
      return;
    }
    expect(canonicalQuantity(text)).toBe(canonical);
    if (value !== null) expect(bytesOf(text)).toBe(BigInt(value));
  });

  test.each(vectors.pairs)('%s and %s: sum %s, difference %s, compare %d', (a, b, sum, difference, compare) => {
    expect(addQuantities(a, b)).toBe(sum);
    expect(subtractQuantities(a, b)).toBe(difference);
    expect(compareQuantities(a, b)).toBe(compare);
  });
});

describe('properties', () => {
  test('bytes survive printing', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (bytes) => {
        expect(bytesOf(bytes.toString())).toBe(bytes);
        if (bytes > -(2n ** 63n)) expect(bytesOf(formatBytes(bytes))).toBe(bytes);
      }),
    );
  });

  // Not always itself: 0.5Ki prints as 512, and what is no multiple of 1024 prints without its binary suffix, as in
  // Kubernetes. Read again, such a text is decimal: 62.5Ki prints as 64000, which prints as 64k.
  test('the canonical form equals what it stands for, and is its own canonical form but for a lost binary suffix', () => {
    const number = fc.tuple(fc.bigInt({ min: 0n, max: 10n ** 12n }), fc.constantFrom('', '.5', '.25', '.125', '.3'));
    const suffix = fc.constantFrom('', 'Ki', 'Mi', 'Gi', 'm', 'k', 'M', 'G', 'e3', 'e-2');
    fc.assert(
      fc.property(number, suffix, ([whole, fraction], unit) => {
        const text = `${whole}${fraction}${unit}`;
        const canonical = canonicalQuantity(text);
        const again = canonicalQuantity(canonical);
        expect(compareQuantities(text, canonical)).toBe(0);
        expect(compareQuantities(again, canonical)).toBe(0);
        expect(canonicalQuantity(again)).toBe(again);
        if (!(unit.endsWith('i') && /\d$/.test(canonical))) expect(again).toBe(canonical);
      }),
    );
  });

  test('adding and taking away again changes nothing', () => {
    const text = fc.tuple(fc.nat(), fc.constantFrom('', 'Ki', 'Mi', 'Gi', 'm', 'M')).map(([n, unit]) => `${n}${unit}`);
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(compareQuantities(subtractQuantities(addQuantities(a, b), b), a)).toBe(0);
      }),
    );
  });
});

test('a binary quantity that is no multiple of its smallest unit prints without a suffix, and is decimal from then on', () => {
  expect(canonicalQuantity('62.5Ki')).toBe('64000');
  expect(canonicalQuantity('64000')).toBe('64k');
  expect(canonicalQuantity('711323899812.5Ki')).toBe('728395673408000');
});

describe('in an object', () => {
  test('a number becomes canonical text', () => {
    expect(quantity.parse(1024)).toBe('1024');
    expect(quantity.parse(' 1024Mi ')).toBe('1Gi');
  });

  test('what is none is refused with an example of one', () => {
    expect(quantity.safeParse('ten').error?.issues[0]?.message).toContain('such as 10Gi');
  });

  test('what has no digit is refused, though Kubernetes takes some of it for zero', () => {
    for (const text of ['', '.', '+', 'Gi']) expect(() => bytesOf(text), text).toThrow('is not a quantity');
  });

  test('beyond E, where Kubernetes drops the suffix, the exponent is written out', () => {
    expect(canonicalQuantity('1000E')).toBe('1e21');
  });

  test('below zero, fractions are rounded away from zero too', () => {
    expect(bytesOf('-1.5')).toBe(-2n);
    expect(bytesOf('-1Ei')).toBe(-(2n ** 60n));
  });

  test('an exponent that would fill the memory is refused', () => {
    expect(() => bytesOf('1e999999999')).toThrow('is not a quantity');
  });
});
