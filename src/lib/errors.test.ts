import { expect, test } from 'vitest';
import { unreachable } from './errors.ts';

test('what nobody deals with does not compile, and is an error where it comes all the same', () => {
  const execute = (step: 'begin' | 'end') => {
    switch (step) {
      case 'begin':
        return 'begun';
      default:
        // @ts-expect-error nobody ends it
        return unreachable(step);
    }
  };
  expect(execute('begin')).toBe('begun');
  expect(() => execute('end')).toThrow('there is no way to deal with "end"');
});
