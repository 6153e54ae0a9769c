import { expect, test, vi } from 'vitest';
import type { KubeObject } from '../../../model/object.ts';
import { JsonCache } from './json-cache.ts';

const objects = Array.from(
  { length: 10 },
  (_, at): KubeObject => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `object-${at}` } }),
);
const [first, second] = objects as [KubeObject, KubeObject];
const text = JSON.stringify(first);

const roomy = { characters: Number.POSITIVE_INFINITY, texts: Number.POSITIVE_INFINITY };

/** How many of the objects have to be made into text. */
function made(cache: JsonCache): number {
  const stringify = vi.spyOn(JSON, 'stringify');
  for (const object of objects) cache.textOf(object);
  const { length } = stringify.mock.calls;
  stringify.mockRestore();
  return length;
}

test('what was written in the last two groups is there', () => {
  const cache = new JsonCache({ ...roomy, short: 0 });
  cache.written(first, text);
  cache.age();
  cache.written(second, 'second');
  expect([cache.textOf(first), cache.textOf(second)]).toEqual([text, 'second']);
  cache.age();
  cache.age();
  expect(made(cache)).toBe(10);
});

test.each([
  ['texts', { characters: Number.POSITIVE_INFINITY, texts: 4, short: 0 }],
  ['characters', { characters: 3.5 * text.length, texts: Number.POSITIVE_INFINITY, short: 0 }],
])('no more %s are kept of what is read than there is room for', (_of, limits) => {
  const cache = new JsonCache(limits);
  expect(made(cache)).toBe(10);
  expect(made(cache)).toBe(6);
});

test('one large group of writes keeps what was written last', () => {
  const cache = new JsonCache({ characters: 3.5 * text.length, texts: 1_000, short: 0 });
  for (const object of objects) cache.written(object, JSON.stringify(object));
  const stringify = vi.spyOn(JSON, 'stringify');
  cache.textOf(objects.at(-1) as KubeObject);
  expect(stringify).not.toHaveBeenCalled();
  stringify.mockRestore();
  expect(made(cache)).toBeGreaterThan(1);
});

test('what is short is made once for as long as its object is there, whatever is written meanwhile', () => {
  const cache = new JsonCache({ characters: 0, texts: 0, short: text.length });
  expect(made(cache)).toBe(10);
  for (const object of objects) cache.written({ ...object }, text);
  cache.age();
  cache.age();
  expect(made(cache)).toBe(0);
});
