import { describe, expect, test } from 'vitest';
import { nodes } from '../../model/kinds/index.ts';
import { snapshots } from '../../model/kinds/moorage.ts';
import type { KubeObject } from '../../model/object.ts';
import { mergePatch } from './merge-patch.ts';
import { applyPatch } from './patch.ts';
import { strategicMergePatch } from './strategic-merge-patch.ts';

describe('merge patch', () => {
  // The test cases of RFC 7396, appendix A.
  test.each([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ],
    [{ a: 'b' }, ['c'], ['c']],
    [{ a: 'foo' }, null, null],
    [{ a: 'foo' }, 'bar', 'bar'],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])('%j with %j gives %j', (target, patch, expected) => {
    expect(mergePatch(target, patch)).toEqual(expected);
  });

  test('does not reach for prototypes', () => {
    const patch = JSON.parse('{"__proto__": {"bad": true}, "a": 1}');
    const result = mergePatch({}, patch) as Record<string, unknown>;
    expect(result['bad']).toBeUndefined();
    expect(result).toEqual({ a: 1 });
  });
});

describe('strategic merge patch', () => {
  const keys = { 'status.conditions': 'type', 'metadata.finalizers': '', 'spec.list.inner': 'name', 'spec.list': 'id' };
  const patch = (target: object, body: object) => strategicMergePatch(target as never, body as never, keys);

  test('merges lists by their key, and replaces those without one', () => {
    expect(
      patch(
        { status: { conditions: [{ type: 'A', status: 'True', reason: 'R' }, { type: 'B' }] }, other: [1, 2] },
        { status: { conditions: [{ type: 'A', status: 'False' }, { type: 'C' }] }, other: [3] },
      ),
    ).toEqual({
      status: { conditions: [{ type: 'A', status: 'False', reason: 'R' }, { type: 'B' }, { type: 'C' }] },
      other: [3],
    });
  });

  test('merges lists within elements of lists', () => {
    expect(
      patch(
        { spec: { list: [{ id: 1, inner: [{ name: 'x', a: 1 }] }] } },
        { spec: { list: [{ id: 1, inner: [{ name: 'x', b: 2 }] }] } },
      ),
    ).toEqual({ spec: { list: [{ id: 1, inner: [{ name: 'x', a: 1, b: 2 }] }] } });
  });

  test('$patch: delete takes an element out, or a whole object', () => {
    const target = { status: { conditions: [{ type: 'A' }, { type: 'B' }] }, spec: { a: 1 } };
    expect(patch(target, { status: { conditions: [{ type: 'A', $patch: 'delete' }] } })).toMatchObject({
      status: { conditions: [{ type: 'B' }] },
    });
    expect(patch(target, { spec: { $patch: 'delete' } })).not.toHaveProperty('spec');
  });

  test('$patch: replace puts an object or a list in the place of the old one', () => {
    expect(patch({ spec: { a: 1, b: 2 } }, { spec: { $patch: 'replace', c: 3 } })).toEqual({ spec: { c: 3 } });
    expect(
      patch(
        { status: { conditions: [{ type: 'A' }] } },
        { status: { conditions: [{ type: 'B' }, { $patch: 'replace' }] } },
      ),
    ).toEqual({ status: { conditions: [{ type: 'B' }] } });
  });

  test('$deleteFromPrimitiveList and additions to a set of values', () => {
    expect(
      patch(
        { metadata: { finalizers: ['a', 'b'] } },
        { metadata: { '$deleteFromPrimitiveList/finalizers': ['a'], finalizers: ['c', 'b'] } },
      ),
    ).toEqual({ metadata: { finalizers: ['b', 'c'] } });
  });

  test('$setElementOrder orders what it names and leaves the rest in its place', () => {
    expect(
      patch(
        { metadata: { finalizers: ['server', 'a', 'b'] } },
        { metadata: { '$setElementOrder/finalizers': ['c', 'b', 'a'], finalizers: ['c'] } },
      ),
    ).toEqual({ metadata: { finalizers: ['c', 'server', 'b', 'a'] } });
    expect(
      patch(
        { status: { conditions: [{ type: 'A' }, { type: 'B' }] } },
        { status: { '$setElementOrder/conditions': [{ type: 'B' }, { type: 'A' }] } },
      ),
    ).toEqual({ status: { conditions: [{ type: 'B' }, { type: 'A' }] } });
  });

  test('$retainKeys keeps only what it names', () => {
    expect(patch({ spec: { a: 1, b: 2 } }, { spec: { $retainKeys: ['b', 'c'], c: 3 } })).toEqual({
      spec: { b: 2, c: 3 },
    });
  });

  test('null removes', () => {
    expect(patch({ spec: { a: 1, b: 2 } }, { spec: { a: null } })).toEqual({ spec: { b: 2 } });
  });

  test.each([
    [{ status: { conditions: [{ status: 'True' }] } }],
    [{ spec: { $patch: 'explode' } }],
    [{ spec: { $retainKeys: 'a' } }],
  ])('%j is invalid', (body) => {
    expect(() => patch({ spec: {} }, body)).toThrowError(expect.objectContaining({ code: 'invalid' }));
  });
});

describe('patches of objects', () => {
  const node = () => ({
    apiVersion: 'v1' as const,
    kind: 'Node' as const,
    metadata: { name: 'n', labels: { a: '1' } },
  });

  test('a JSON patch is applied whole or not at all', () => {
    const add = { op: 'add', path: '/metadata/labels/b', value: '2' };
    const test = { op: 'test', path: '/metadata/labels/a', value: 'other' };
    expect(applyPatch(nodes, node(), { type: 'json', body: [add] }).metadata.labels).toEqual({ a: '1', b: '2' });
    for (const body of [[add, test], [{ op: 'remove', path: '/spec/x/y' }], [{ op: 'fly', path: '/x' }], {}, [1]]) {
      expect(() => applyPatch(nodes, node(), { type: 'json', body })).toThrowError(
        expect.objectContaining({ code: 'invalid' }),
      );
    }
  });

  test('a kind without merge keys takes no strategic patch', () => {
    const snapshot = { metadata: { name: 's' } } as KubeObject;
    expect(() => applyPatch(snapshots, snapshot as never, { type: 'strategic', body: {} })).toThrowError(
      expect.objectContaining({ code: 'unsupported' }),
    );
  });

  test('what is left must still have a name', () => {
    expect(() => applyPatch(nodes, node(), { type: 'merge', body: { metadata: null } })).toThrowError(
      expect.objectContaining({ code: 'invalid' }),
    );
    expect(() => applyPatch(nodes, node(), { type: 'merge', body: 'x' })).toThrowError(
      expect.objectContaining({ code: 'invalid' }),
    );
  });
});
