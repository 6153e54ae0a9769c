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
    call: fc.constantFrom('observe' as const, 'assume' as const, 'gone' as const),
    promised,
  });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const ledger = new Ledger();
      for (const { key, call, promised: it } of steps) {
        if (call === 'gone') {
          ledger.observe(key, undefined);
          ledger.forget(key);
        } else ledger[call](key, it);
      }
      for (const key of ['a', 'b', 'c']) {
        ledger.observe(key, undefined);
        ledger.forget(key);
      }
      return ledger.total('p') === 0n && ledger.total('q') === 0n;
    }),
  );
});
