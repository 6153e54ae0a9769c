import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { mutations } from '../scripts/mutations/index.ts';
import { mutated } from '../scripts/mutations/mutation.ts';

const root = join(import.meta.dirname, '..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');

test.each(mutations)('the guard is in its file once, and its test is there: $guard', (mutation) => {
  const source = read(mutation.file);
  expect(mutated(source, mutation)).not.toBe(source);
  expect(existsSync(join(root, mutation.test)), mutation.test).toBe(true);
  expect(read(mutation.test)).toContain(mutation.name);
});

test('a guard whose text is gone, or is there twice, is an error', () => {
  const mutation = { guard: '', file: 'a.ts', text: 'guard();', test: '', name: '' };
  expect(mutated('one; guard(); two;', { ...mutation, instead: 'open();' })).toBe('one; open(); two;');
  expect(() => mutated('one; two;', mutation)).toThrow('a.ts does not have the text');
  expect(() => mutated('guard(); guard();', mutation)).toThrow('2 times');
});
