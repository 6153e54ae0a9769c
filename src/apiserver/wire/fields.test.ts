import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { allKinds, anyKind, persistentVolumeClaims, persistentVolumes, pools } from '../../model/kinds/index.ts';
import { jsonSchemaOf } from '../discovery/kind-schema.ts';
import { duplicateFields } from './body/json-duplicates.ts';
import { schemaAt, unknownFields } from './body/unknown-fields.ts';

describe('fields that are there twice', () => {
  test.each([
    ['{}', []],
    ['{"a":1,"b":{"a":1}}', []],
    ['{"a":1,"a":2}', ['a']],
    ['{"a":1,"a":2,"a":3}', ['a']],
    ['{"spec":{"x":{"y":1,"z":2,"y":3}}}', ['spec.x.y']],
    ['{"list":[{"a":1},{"a":1,"b":{},"a":2}]}', ['list[1].a']],
    ['{"a":"a\\"b","b":"{\\"a\\":1,\\"a\\":2}"}', []],
    ['{"\\u0061":1,"a":2}', ['a']],
    ['{"a":[1,2,"a","a"],"b":["a"]}', []],
    ['"a"', []],
  ])('%s', (text, expected) => {
    expect(duplicateFields(text)).toEqual(expected);
  });

  test('JSON.stringify never writes one', () => {
    fc.assert(fc.property(fc.json(), (text) => duplicateFields(JSON.stringify(JSON.parse(text))).length === 0));
  });
});

describe('fields that a kind does not know', () => {
  const claims = jsonSchemaOf(anyKind(persistentVolumeClaims));

  test.each([
    [{ metadata: { labels: { any: 'thing' } }, spec: { resources: { requests: { storage: '1Gi' } } } }, []],
    [{ spec: { foo: 1, resources: { request: {} } }, more: {} }, ['spec.foo', 'spec.resources.request', 'more']],
    [
      {
        status: {
          conditions: [
            { type: 'A', status: 'True' },
            { type: 'B', stat: 'True' },
          ],
        },
      },
      ['status.conditions[1].stat'],
    ],
    [{ spec: { dataSource: { kind: 'A', name: 'b', x: 1 } } }, ['spec.dataSource.x']],
    [{ spec: null, metadata: 'text' }, []],
    [{ $patch: 'replace', metadata: { '$deleteFromPrimitiveList/finalizers': ['a'] } }, []],
  ])('%j', (object, expected) => {
    expect(unknownFields(claims, object)).toEqual(expected);
  });

  test('a volume knows the volume sources of Kubernetes', () => {
    const schema = jsonSchemaOf(anyKind(persistentVolumes));
    expect(
      unknownFields(schema, { spec: { nfs: { server: 'a', path: '/b' }, csi: { driver: 'a', volumeHandle: 'b' } } }),
    ).toEqual([]);
    expect(unknownFields(schema, { spec: { csi: { handle: 'b' } } })).toEqual(['spec.csi.handle']);
  });

  test('a path of a JSON patch leads to a schema, to nowhere, or to where anything goes', () => {
    expect(schemaAt(claims, ['spec', 'volumeName'])).toMatchObject({ type: 'string' });
    expect(schemaAt(claims, ['status', 'conditions', '-'])).toMatchObject({ type: 'object' });
    expect(schemaAt(claims, ['spec', 'nothing'])).toBe('unknown');
    expect(schemaAt(claims, ['metadata', 'labels', 'a/b'])).toMatchObject({ type: 'string' });
    expect(schemaAt(jsonSchemaOf(anyKind(pools)), ['spec', 'size'])).toMatchObject({ format: 'quantity' });
  });

  test('every kind has a schema', () => {
    for (const kind of allKinds) expect(jsonSchemaOf(kind).properties, kind.kind).toHaveProperty('metadata');
  });
});
