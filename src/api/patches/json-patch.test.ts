import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { growth, linear } from '../../../test/support/growth.ts';
import { deepestNesting, type Json, sizeOf } from '../../lib/json.ts';
import { StatusError } from '../status.ts';
import { jsonPatch, jsonPatchLimits } from './json-patch.ts';

const patched = (target: unknown, ...operations: object[]) => jsonPatch(structuredClone(target) as Json, operations);
const refusal = (target: unknown, body: unknown) => {
  try {
    jsonPatch(structuredClone(target) as Json, body);
  } catch (error) {
    if (error instanceof StatusError) return error.status;
    throw error;
  }
  throw new Error('it was not refused');
};

describe('operations', () => {
  test.each<[object, object[], Json]>([
    [{ a: 1 }, [{ op: 'add', path: '/b', value: 2 }], { a: 1, b: 2 }],
    [{ a: 1 }, [{ op: 'add', path: '/a', value: [2] }], { a: [2] }],
    [{ a: ['x'] }, [{ op: 'add', path: '/a/0', value: 'w' }], { a: ['w', 'x'] }],
    [{ a: ['x'] }, [{ op: 'add', path: '/a/1', value: 'y' }], { a: ['x', 'y'] }],
    [{ a: ['x'] }, [{ op: 'add', path: '/a/-', value: 'y' }], { a: ['x', 'y'] }],
    [{ a: ['x'] }, [{ op: 'add', path: '/a/-1', value: 'y' }], { a: ['x', 'y'] }],
    [{ a: ['x', 'y'] }, [{ op: 'replace', path: '/a/-1', value: 'z' }], { a: ['x', 'z'] }],
    [{ a: ['x', 'y'] }, [{ op: 'remove', path: '/a/0' }], { a: ['y'] }],
    [{ a: 1, b: 2 }, [{ op: 'remove', path: '/a' }], { b: 2 }],
    [{ a: 1 }, [{ op: 'replace', path: '/b', value: 2 }], { a: 1, b: 2 }],
    [{ a: 1 }, [{ op: 'replace', path: '', value: { b: 2 } }], { b: 2 }],
    [{ a: { b: 1 } }, [{ op: 'move', from: '/a/b', path: '/c' }], { a: {}, c: 1 }],
    [{ a: { b: [1] } }, [{ op: 'copy', from: '/a/b', path: '/a/b/-' }], { a: { b: [1, [1]] } }],
    [{ 'a/b': 1, 'c~d': 2 }, [{ op: 'move', from: '/a~1b', path: '/c~0d' }], { 'c~d': 1 }],
    [{ '': 1 }, [{ op: 'test', path: '/', value: 1 }], { '': 1 }],
    [
      { a: { b: [1, { c: null }] } },
      [{ op: 'test', path: '/a', value: { b: [1, { c: null }] } }],
      { a: { b: [1, { c: null }] } },
    ],
    [{ a: 1 }, [{ op: 'test', path: '/b', value: null }], { a: 1 }],
    [{ a: 1 }, [{ op: 'test', path: '', value: { a: 1 } }], { a: 1 }],
  ])('%j with %j gives %j', (target, operations, expected) => {
    expect(patched(target, ...operations)).toEqual(expected);
  });

  test('a value that is there twice is two values', () => {
    const result = patched({ a: {} }, { op: 'copy', from: '/a', path: '/b' }, { op: 'add', path: '/a/x', value: 1 });
    expect(result).toEqual({ a: { x: 1 }, b: {} });
    const value = { list: [] };
    patched({}, { op: 'add', path: '/a', value }, { op: 'add', path: '/a/list/-', value: 1 });
    expect(value).toEqual({ list: [] });
  });

  test.each([
    [{ op: 'add', path: '/x/y', value: 1 }],
    [{ op: 'add', path: '', value: 1 }],
    [{ op: 'add', path: 'a', value: 1 }],
    [{ op: 'add', path: '/list/4', value: 1 }],
    [{ op: 'add', path: '/list/-5', value: 1 }],
    [{ op: 'add', path: '/list/1e0', value: 1 }],
    [{ op: 'add', path: '/list/length', value: 1_000_000_000 }],
    [{ op: 'add', path: '/text/0', value: 'x' }],
    [{ op: 'add', path: '/a' }],
    [{ op: 'remove', path: '/b' }],
    [{ op: 'remove', path: '/list/3' }],
    [{ op: 'remove', path: '/list/-' }],
    [{ op: 'replace', path: '/list/3', value: 1 }],
    [{ op: 'replace', path: '/list/length', value: 0 }],
    [{ op: 'move', from: '/b', path: '/c' }],
    [{ op: 'move', from: '/deep', path: '/deep/er' }],
    [{ op: 'move', path: '/c' }],
    [{ op: 'copy', from: '/b', path: '/c' }],
    [{ op: 'copy', from: '', path: '/c' }],
    [{ op: 'test', path: '/a', value: 2 }],
    [{ op: 'test', path: '/deep', value: {} }],
    [{ op: 'test', path: '/deep', value: { a: 1, b: 2 } }],
    [{ op: 'test', path: '/list', value: [1, 2] }],
    [{ op: 'test', path: '/list', value: { 0: 1, 1: 2, 2: 3 } }],
    [{ op: 'fly', path: '/a' }],
  ])('%j is refused with 422, and says which operation', (operation) => {
    const target = { a: 1, text: 'text', list: [1, 2, 3], deep: { a: 1 } };
    const status = refusal(target, [{ op: 'test', path: '/a', value: 1 }, operation]);
    expect(status).toMatchObject({ code: 422, reason: 'Invalid' });
    expect(status.message).toMatch(/^the server rejected our request due to an error in our request: operation 1 \("/);
  });

  test.each([
    [{}, /list of operations/],
    ['x', /list of operations/],
    [null, /list of operations/],
    [[1], /operation 0 is no object/],
    [[[]], /operation 0 is no object/],
    [[{ path: '/a' }], /operation 0 needs op/],
    [[{ op: { a: 1 }, path: '/a' }], /operation 0 needs op/],
    [[{ op: 'add', value: 1 }], /needs path/],
    [[{ op: 'add', path: ['a'], value: 1 }], /needs path/],
    [[{ op: 'move', from: 1, path: '/a' }], /from must be/],
  ])('%j is no patch at all: 400', (body, message) => {
    expect(refusal({}, body)).toMatchObject({
      code: 400,
      reason: 'BadRequest',
      message: expect.stringMatching(message),
    });
  });
});

function isPlain(value: unknown): boolean {
  if (typeof value !== 'object' || value === null)
    return ['string', 'number', 'boolean', 'object'].includes(typeof value);
  const prototype: unknown = Object.getPrototypeOf(value);
  return (prototype === Object.prototype || prototype === Array.prototype) && Object.values(value).every(isPlain);
}

describe('what an enemy tries', () => {
  const inherited = ['constructor', 'hasOwnProperty', 'toString', 'valueOf', '__proto__', '__defineGetter__'];

  test.each(inherited)('%s is no member of anything', (name) => {
    const target = { data: {}, list: [], text: 'x' };
    for (const path of [
      `/${name}/call`,
      `/data/${name}/call`,
      `/list/${name}/x`,
      `/text/${name}/x`,
      `/data/${name}/${name}/x`,
    ]) {
      for (const op of ['add', 'replace']) expect(refusal(target, [{ op, path, value: 1 }]).code).toBe(422);
      expect(refusal(target, [{ op: 'remove', path }]).code).toBe(422);
      expect(refusal(target, [{ op: 'copy', from: path, path: '/x' }]).code).toBe(422);
      expect(refusal(target, [{ op: 'move', from: path, path: '/x' }]).code).toBe(422);
    }
    for (const from of [`/${name}`, `/data/${name}`, `/list/${name}`]) {
      expect(refusal(target, [{ op: 'copy', from, path: '/x' }]).code).toBe(422);
      expect(refusal(target, [{ op: 'remove', path: from }]).code).toBe(422);
    }
    expect(({} as Record<string, unknown>)['call']).toBeUndefined();
    expect(typeof {}.hasOwnProperty.call).toBe('function');
  });

  test('keys that look like inherited members are keys', () => {
    const value = '1';
    expect(patched({ data: {} }, { op: 'add', path: '/data/toString', value })).toEqual({ data: { toString: '1' } });
    expect(
      Object.keys(jsonPatch({}, JSON.parse('[{"op":"add","path":"/a","value":{"__proto__":{"b":1}}}]')) ?? {}),
    ).toEqual(['a']);
    expect(({} as Record<string, unknown>)['b']).toBeUndefined();
  });

  test('a refused test does not say what is there, nor what was guessed', () => {
    const target = { data: { password: 'aHVudGVyMg==' } };
    const { message } = refusal(target, [{ op: 'test', path: '/data/password', value: 'Z3Vlc3M=' }]);
    expect(message).toContain('testing value "/data/password" failed');
    expect(message).not.toMatch(/aHVudGVyMg|Z3Vlc3M/);
  });

  test('ten thousand operations are allowed, and one more is not', () => {
    const operations = (count: number) => Array.from({ length: count }, () => ({ op: 'add', path: '/a', value: 1 }));
    expect(jsonPatch({}, operations(jsonPatchLimits.operations))).toEqual({ a: 1 });
    expect(refusal({}, operations(jsonPatchLimits.operations + 1))).toMatchObject({
      code: 413,
      message: 'Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001',
    });
  });

  test('copies of copies end at three megabytes', () => {
    const doubling = Array.from({ length: 60 }, () => ({ op: 'copy', from: '/a', path: '/a/-' }));
    expect(refusal({ a: ['x'] }, doubling).message).toContain(
      'accumulated size increase of copy exceeds the limit 3145728',
    );
  });

  test('a result that is nested too deeply is refused', () => {
    const steps = Array.from({ length: 4_000 }, (_, at) => [
      { op: 'add', path: `/${at + 1}`, value: {} },
      { op: 'move', from: `/${at}`, path: `/${at + 1}/x` },
    ]).flat();
    expect(refusal({ 0: {} }, steps).message).toContain(`nested more than ${deepestNesting} deep`);
    const last = { op: 'copy', from: '/4000', path: '/y' };
    expect(refusal({ 0: {} }, [...steps, last]).code).toBe(422);
  });

  test('work has an end: lists shifted ten thousand times, large objects compared', () => {
    const shifts = Array.from({ length: 9_999 }, () => ({ op: 'add', path: '/a/0', value: 0 }));
    const list = { op: 'add', path: '/a', value: new Array<number>(1_000_000).fill(0) };
    expect(refusal({}, [list, ...shifts]).message).toContain('too much work');
    const wide = {
      op: 'add',
      path: '/a',
      value: Object.fromEntries(Array.from({ length: 100_000 }, (_, at) => [at, 0])),
    };
    // An operation of its own for each, so that no key is the same.
    const tests = Array.from({ length: 9_999 }, () => ({ op: 'test', path: '/a', value: {} }));
    expect(refusal({}, [wide, ...tests]).code).toBe(422);
  });

  test('any operations on any document end in a result or a refusal', () => {
    const key = fc.constantFrom('a', 'b', '0', '1', '-', '-1', 'length', 'constructor', '__proto__', 'call', '');
    const path = fc.array(key, { maxLength: 4 }).map((parts) => parts.map((part) => `/${part}`).join(''));
    const json = fc.jsonValue({ maxDepth: 3 });
    const op = fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test');
    const operation = fc.record({ op, path, from: path, value: json }, { requiredKeys: ['op', 'path'] });
    const target = fc.record({ a: json, b: fc.array(json, { maxLength: 3 }) });
    fc.assert(
      fc.property(target, fc.array(operation, { maxLength: 12 }), (document, operations) => {
        try {
          const result = jsonPatch(structuredClone(document) as Json, operations);
          expect(isPlain(result)).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(StatusError);
        }
      }),
    );
  });
});

test('the cost of a patch grows with its length alone', () => {
  const each = (make: (at: number) => object) => (size: number) => Array.from({ length: size }, (_, at) => make(at));
  const run = (body: object[]) => jsonPatch({ list: [], map: {} }, body);
  const upTo = jsonPatchLimits.operations;
  expect(growth({ make: each((at) => ({ op: 'add', path: `/map/${at}`, value: at })), run, upTo })).toBeLessThan(
    linear,
  );
  expect(growth({ make: each((at) => ({ op: 'add', path: '/list/-', value: at })), run, upTo })).toBeLessThan(linear);
  const deep = (size: number) => [{ op: 'add', path: '/map'.repeat(size), value: 1 }];
  expect(growth({ make: deep, run, upTo: 100_000 })).toBeLessThan(linear);
});

test('the size of a value is that of its text', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
      const text = JSON.stringify(value);
      const size = sizeOf(value as Json, Number.MAX_SAFE_INTEGER);
      expect(size).toBeGreaterThanOrEqual(Buffer.byteLength(text) - (text.match(/\\/g)?.length ?? 0) * 5);
      expect(size).toBeLessThanOrEqual(Buffer.byteLength(text) * 2 + 10);
    }),
  );
  expect(
    sizeOf(
      Array.from({ length: 1_000 }, () => 'long'),
      10,
    ),
  ).toBeLessThan(100);
});
