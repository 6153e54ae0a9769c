import { describe, expect, test } from 'vitest';
import { parseLabelSelector } from './label-selector.ts';

describe('label selectors', () => {
  const labels = { app: 'db', tier: 'a', 'example.com/owner': 'me' };
  test.each([
    ['', true],
    ['app=db', true],
    ['app==db', true],
    ['app!=db', false],
    ['missing!=db', true],
    ['app', true],
    ['!app', false],
    ['! missing', true],
    ['tier in (a, b)', true],
    ['tier in (b)', false],
    ['tier notin (a,b)', false],
    ['missing notin (a)', true],
    ['missing in (a)', false],
    ['app=db,tier in (a,b),!missing', true],
    ['app = db , example.com/owner = me', true],
    ['app=', false],
    ['in in (x)', false],
  ])('%s → %s', (text, expected) => {
    expect(parseLabelSelector(text)(labels)).toBe(expected);
  });

  test.each(['app=db tier=a', 'tier in a', '=db', 'app=db,', 'a=b=c', '(a)', 'app in (a', 'app>3'])(
    '%s is invalid',
    (text) => {
      expect(() => parseLabelSelector(text)).toThrowError(expect.objectContaining({ code: 'invalid' }));
    },
  );

  test.each(['toString', 'constructor', 'hasOwnProperty', 'valueOf'])('%s is a label like any other', (name) => {
    const own = { [name]: 'x' };
    for (const [text, matches] of [
      [name, false],
      [`!${name}`, true],
      [`${name}=x`, false],
      [`${name}!=x`, true],
      [`${name} in (x)`, false],
      [`${name} notin (x)`, true],
    ] as const) {
      expect(parseLabelSelector(text)(labels)).toBe(matches);
      expect(parseLabelSelector(text)(undefined)).toBe(matches);
      expect(parseLabelSelector(text)(own)).toBe(!matches);
    }
  });

  test('objects without labels', () => {
    expect(parseLabelSelector('!app')(undefined)).toBe(true);
    expect(parseLabelSelector('app')(undefined)).toBe(false);
  });
});
