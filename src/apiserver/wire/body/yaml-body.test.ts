import { expect, test } from 'vitest';
import { parseYaml } from './yaml-body.ts';

test.each([
  ['keys of keys of keys', '? '.repeat(100), /a key that is not a text/],
  ['a list for a key', '? [a, b]\n: c', /a key that is not a text/],
  ['an object for a key', '{{a: b}: c}', /a key that is not a text/],
  ['an alias for a key', 'a: &a b\n*a : c', /a key that is not a text/],
  ['a list that is its own element, twice', '&a [*a, *a]', /an alias within/],
  ['an object that is far below itself', 'a: &a {b: [{c: *a}]}', /an alias within/],
  ['a list in a list in a list', '- '.repeat(200), /nested too deeply/],
])('%s: refused', async (_name, text, why) => {
  await expect(parseYaml(text)).rejects.toThrow(why);
});

test('keys of any plain type are texts', async () => {
  const { value } = await parseYaml('1: a\ntrue: b\nnull: c\n"d": e\n');
  expect(value).toEqual({ 1: 'a', true: 'b', '': 'c', d: 'e' });
});
