import { describe, expect, test } from 'vitest';
import { type Event, events, nodes } from '../model/kinds/index.ts';
import { parseFieldSelector } from './selectors.ts';

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
