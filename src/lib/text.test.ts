import { expect, test } from 'vitest';
import { beginning, shownValue } from './text.ts';

test('what is short stays as it is, of what is long there is the beginning and how long it is', () => {
  expect(beginning('short', 5)).toBe('short');
  expect(beginning('x'.repeat(1_000), 3)).toBe('xxx… (1000 characters)');
  expect(beginning('a😀b', 2)).toBe('a… (4 characters)');
});

test('any value can be shown, also one that can not become a text', () => {
  expect(shownValue('text')).toBe('text');
  expect(shownValue({ toString: 1 })).toBe('{"toString":1}');
  expect(shownValue(undefined)).toBe('nothing');
  expect(shownValue(['x'.repeat(500)], 4)).toBe('["xx… (504 characters)');
});
