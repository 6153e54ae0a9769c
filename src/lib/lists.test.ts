import { expect, test } from 'vitest';
import { growth, linear } from '../../test/support/growth.ts';
import { isAmong, missingFrom, repeated } from './lists.ts';
import { own } from './own.ts';

const inherited = ['constructor', 'toString', 'hasOwnProperty', 'valueOf', '__proto__'];
const numbers = (size: number) => Array.from({ length: size }, (_, at) => `name-${at}`);

test('what a record inherits is not in it', () => {
  for (const key of inherited) {
    expect(own({ a: 1 }, key)).toBeUndefined();
    expect(own(JSON.parse(`{"${key}":1}`), key)).toBe(1);
  }
  expect(own(undefined, 'a')).toBeUndefined();
});

test('what stands there before', () => {
  expect([...repeated(['a', 'b', 'a', 'a'])]).toEqual([2, 3]);
  expect(repeated(inherited).size).toBe(0);
});

test('what is missing', () => {
  expect(missingFrom(['a'], ['a', 'b', 'b'])).toEqual(['b', 'b']);
  expect(missingFrom(undefined, ['constructor'])).toEqual(['constructor']);
  expect(missingFrom(['a'])).toEqual([]);
});

test('short and long lists are searched alike', () => {
  for (const list of [numbers(3), numbers(1_000)]) {
    expect(isAmong(list, 'name-2')).toBe(true);
    expect(isAmong(list, 'constructor')).toBe(false);
    expect(isAmong(list, 'name-2')).toBe(true);
  }
});

test('long lists cost no more than their length', () => {
  const upTo = 50_000;
  const make = numbers;
  expect(growth({ make, upTo, run: repeated })).toBeLessThan(linear);
  expect(growth({ make, upTo, run: (list) => missingFrom(list, list) })).toBeLessThan(linear);
  expect(growth({ make, upTo, run: (list) => list.map((item) => isAmong(list, item)) })).toBeLessThan(linear);
});
