import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Ledger } from './ledger.ts';

test('an assumed promise counts until its object shows it, and not twice', () => {
  const ledger = new Ledger();
  ledger.assume('v', { pool: 'p', bytes: 10n });
  expect(ledger.total('p')).toBe(10n);
  ledger.observe('v', undefined);
  expect(ledger.total('p')).toBe(10n);
  ledger.observe('v', { pool: 'p', bytes: 10n });
  expect(ledger.total('p')).toBe(10n);
  expect(ledger.assumed('v')).toBeUndefined();
  ledger.observe('v', undefined);
  expect(ledger.total('p')).toBe(0n);
});

test('a growth counts from when it is assumed, and is given back if nothing comes of it', () => {
  const ledger = new Ledger();
  ledger.observe('v', { pool: 'p', bytes: 10n });
  ledger.assume('v', { pool: 'p', bytes: 25n });
  expect(ledger.total('p')).toBe(25n);
  ledger.forget('v');
  expect(ledger.total('p')).toBe(10n);
});

test('whatever comes in whatever order, the total is the sum of what each key holds', () => {
  const promised = fc.record({ pool: fc.constantFrom('p', 'q'), bytes: fc.bigInt({ min: 0n, max: 1000n }) });
  const step = fc.record({
    key: fc.constantFrom('a', 'b', 'c'),
    call: fc.constantFrom('observe' as const, 'assume' as const, 'forget' as const, 'gone' as const),
    promised,
  });
  const sum = (held: Iterable<{ pool: string; bytes: bigint }>, pool: string) =>
    [...held].reduce((total, it) => (it.pool === pool ? total + it.bytes : total), 0n);
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const ledger = new Ledger();
      /** By key: what its object records, and what is assumed; the larger one is held. */
      const observed = new Map<string, { pool: string; bytes: bigint }>();
      const assumed = new Map<string, { pool: string; bytes: bigint }>();
      for (const { key, call, promised: it } of steps) {
        switch (call) {
          case 'observe': {
            ledger.observe(key, it);
            observed.set(key, it);
            const wished = assumed.get(key);
            if (wished?.pool === it.pool && wished.bytes <= it.bytes) assumed.delete(key);
            break;
          }
          case 'assume':
            ledger.assume(key, it);
            assumed.set(key, it);
            break;
          case 'forget':
            ledger.forget(key);
            assumed.delete(key);
            break;
          case 'gone':
            ledger.observe(key, undefined);
            observed.delete(key);
            break;
        }
        const held = ['a', 'b', 'c'].flatMap((name) => {
          const [one, other] = [observed.get(name), assumed.get(name)];
          const larger = one && other ? (other.bytes > one.bytes ? other : one) : (one ?? other);
          return larger ? [larger] : [];
        });
        for (const pool of ['p', 'q']) expect(ledger.total(pool)).toBe(sum(held, pool));
      }
    }),
  );
});
