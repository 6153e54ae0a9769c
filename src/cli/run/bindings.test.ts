import { describe, expect, it } from 'vitest';
import { readBindings, variableOf } from './bindings.ts';

describe('readBindings', () => {
  it('reads name, path and mode, outer paths first', () => {
    expect(readBindings(['log:/data/log:ro', 'data:/data/'])).toEqual([
      { claim: 'data', path: '/data', readOnly: false },
      { claim: 'log', path: '/data/log', readOnly: true },
    ]);
  });

  it.each([
    [[]],
    [['data']],
    [['data:']],
    [[':/data']],
    [['data:/']],
    [['a:/x', 'b:/x/']],
    [['a:/x:RO']],
    [['a:/x:ro ']],
    [['a:/x:']],
    [['a:/x:ro:rw:q']],
  ])('refuses %j', (texts) => {
    expect(() => readBindings(texts)).toThrow();
  });

  it('takes a colon in a path, where more of the path follows it', () => {
    expect(readBindings(['data:/a:b/c', 'log:/x:rw'])).toEqual([
      { claim: 'log', path: '/x', readOnly: false },
      { claim: 'data', path: '/a:b/c', readOnly: false },
    ]);
  });

  it('names the variable of a claim as shells can have it', () => {
    expect(variableOf('my-data.v2')).toBe('MOORAGE_CLAIM_MY_DATA_V2');
  });
});
