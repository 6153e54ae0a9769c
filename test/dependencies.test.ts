import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sourceFiles } from '../scripts/imports.ts';

const root = join(import.meta.dirname, '..');
const importPattern = /(?:\bfrom |^import |\bimport\()'([^'.][^']*)'/gm;

/** The packages that the program itself imports: no tests, and nothing that Node.js brings. */
function imported(): string[] {
  const sources = [...sourceFiles(root)].filter(([path]) => !/\.test\.ts$|\/fixtures\//.test(path));
  const names = sources.flatMap(([, text]) => [...text.matchAll(importPattern)].map(([, name = '']) => name));
  const packages = names
    .filter((name) => !name.startsWith('node:'))
    .map((name) => /^(?:@[^/]+\/)?[^/]+/.exec(name)?.[0]);
  return [...new Set(packages.filter((name) => name !== undefined))].sort();
}

test('the package depends on what it imports, and on nothing that only tests and the bench use', async () => {
  const { dependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  expect(imported()).toEqual(Object.keys(dependencies).sort());
});
