import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { isDeeperThan, isTextDeeperThan } from './json.ts';

test('text is as deep as the value that it says', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), fc.nat(8), fc.nat(2), (value, depth, indent) => {
      expect(isTextDeeperThan(JSON.stringify(value, null, indent), depth)).toBe(isDeeperThan(value, depth));
    }),
  );
});

test.each([
  ['{"a":"[[[["}', 1, false],
  ['{"a\\"[[[":"\\\\"}', 1, false],
  ['[[1],[2]]', 2, false],
  ['[[1],[2]]', 1, true],
  ['"[[', 0, false],
  ['['.repeat(1_000_000), 100, true],
])('%.20s is deeper than %i: %s', (text, depth, is) => {
  expect(isTextDeeperThan(text, depth)).toBe(is);
});
