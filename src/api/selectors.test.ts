import { describe, expect, test } from 'vitest';
import { type Event, events, nodes } from '../model/kinds/index.ts';
import { matchesLabels, parseFieldSelector, parseLabelSelector } from './selectors.ts';

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
    for (const operator of ['Exists', 'DoesNotExist']) {
      const selector = { matchExpressions: [{ key: name, operator }] };
      expect(matchesLabels(selector, labels)).toBe(operator === 'DoesNotExist');
      expect(matchesLabels(selector, own)).toBe(operator === 'Exists');
    }
  });

  test('objects without labels', () => {
    expect(parseLabelSelector('!app')(undefined)).toBe(true);
    expect(parseLabelSelector('app')(undefined)).toBe(false);
  });

  test('selectors of objects: all parts must match, an empty one matches everything', () => {
    expect(matchesLabels(undefined, labels)).toBe(true);
    expect(matchesLabels({ matchLabels: { app: 'db' } }, labels)).toBe(true);
    expect(matchesLabels({ matchLabels: { app: 'web' } }, labels)).toBe(false);
    const only = (operator: string, key: string, values?: string[]) =>
      matchesLabels({ matchExpressions: [{ key, operator, values }] }, labels);
    expect(only('In', 'tier', ['a', 'b'])).toBe(true);
    expect(only('NotIn', 'tier', ['a'])).toBe(false);
    expect(only('Exists', 'app')).toBe(true);
    expect(only('DoesNotExist', 'app')).toBe(false);
    expect(() => only('Near', 'app')).toThrowError(expect.objectContaining({ code: 'invalid' }));
  });
});

describe('field selectors', () => {
  const event: Event = {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: 'e', namespace: 'shop' },
    involvedObject: { kind: 'PersistentVolumeClaim', name: 'data' },
    type: 'Warning',
  };
  test.each([
    ['metadata.name=e', true],
    ['metadata.namespace!=shop', false],
    ['involvedObject.name=data,involvedObject.kind=PersistentVolumeClaim', true],
    ['type==Normal', false],
    ['reason=', true],
    ['', true],
  ])('%s → %s', (text, expected) => {
    expect(parseFieldSelector(events, text)(event)).toBe(expected);
  });

  test('a field that can not be selected is invalid, in the words of a real server', () => {
    const parse = () => parseFieldSelector(nodes, 'spec.color=red');
    expect(parse).toThrowError(
      expect.objectContaining({ code: 'invalid', message: 'field label not supported: spec.color' }),
    );
    expect(() => parseFieldSelector(nodes, 'name')).toThrowError(expect.objectContaining({ code: 'invalid' }));
  });
});
