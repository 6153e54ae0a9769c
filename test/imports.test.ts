import { describe, expect, test } from 'vitest';
import { fences, sourceFiles, wrongImports } from '../scripts/imports.ts';

const check = (files: Record<string, string>) => wrongImports(new Map(Object.entries(files)));

describe('the direction of imports', () => {
  test('is kept by the project', () => {
    const files = sourceFiles(`${import.meta.dirname}/..`);
    expect(files.size).toBeGreaterThan(50);
    expect(wrongImports(files)).toEqual([]);
  });

  test('an import of a room above is caught', () => {
    const problems = check({
      'src/model/a.ts': "import type { B } from '../api/b.ts';\n",
      'src/api/b.ts': 'export type B = string;\n',
    });
    expect(problems).toEqual(['src/model/a.ts imports src/api/b.ts: model must not import api, which is above it']);
  });

  test.each([
    ["export { b } from '../roles/b.ts';\n", 'a re-export'],
    ["import {\n  a,\n  b,\n} from '../roles/b.ts';\n", 'an import over several lines'],
    ["import '../roles/b.ts';\n", 'an import for its effect'],
    ["const b = await import('../roles/b.ts');\n", 'an import at run time'],
  ])('%j is caught too', (text) => {
    expect(check({ 'src/lib/a.ts': text, 'src/roles/b.ts': '' })).toHaveLength(1);
  });

  test('an import of a room below, or of the same room, is right', () => {
    const files = { 'src/api/a.ts': "import { b } from './b.ts';\nimport { c } from '../lib/c.ts';\n" };
    expect(check({ ...files, 'src/api/b.ts': '', 'src/lib/c.ts': '' })).toEqual([]);
  });

  test.each([
    ['sidecars/capacity/a.ts', 'volumes/b.ts'],
    ['kubelet/a.ts', 'engines/local/b.ts'],
    ['orchestrator/binder/a.ts', 'driver/b.ts'],
    ['sidecars/a.ts', 'model/kinds/moorage/b.ts'],
    ['sidecars/a.ts', 'model/kinds/index.ts'],
  ])('an import over a fence is caught, though it points down: %s imports %s', (path, target) => {
    const up = '../'.repeat(path.split('/').length - 1);
    const problems = check({ [`src/${path}`]: `import { b } from '${up}${target}';\n`, [`src/${target}`]: '' });
    expect(problems).toEqual([expect.stringMatching(`src/${path} imports src/${target}, over a fence: `)]);
  });

  test('an import over a fence is caught in the other direction, too', () => {
    const files = { 'src/volumes/a.ts': "import { b } from '../sidecars/b.ts';\n", 'src/sidecars/b.ts': '' };
    expect(check(files)).toContainEqual(expect.stringContaining('over a fence'));
  });

  test('what is beside a fence is no business of it', () => {
    const files = { 'src/sidecars/a.ts': "import { b } from '../csi/drivers.ts';\n", 'src/csi/drivers.ts': '' };
    expect(check(files)).toEqual([]);
  });

  test('both sides of each fence are there', () => {
    const paths = [...sourceFiles(`${import.meta.dirname}/..`).keys()];
    for (const place of fences.flatMap(({ between, and }) => [...between, ...and])) {
      expect(paths.some((path) => path === `src/${place}` || path.startsWith(`src/${place}/`))).toBe(true);
    }
  });

  test('a circle is caught', () => {
    const [problem] = check({
      'src/api/a.ts': "import { b } from './b.ts';\n",
      'src/api/b.ts': "import { a } from './a.ts';\n",
    });
    expect(problem).toBe('a circle of imports: src/api/a.ts > src/api/b.ts > src/api/a.ts');
  });

  test('a test may import anything', () => {
    expect(check({ 'src/lib/a.test.ts': "import { b } from '../roles/b.ts';\n", 'src/roles/b.ts': '' })).toEqual([]);
  });

  test('a new room has to be given its place', () => {
    const files = { 'src/attic/a.ts': "import { b } from '../lib/b.ts';\n", 'src/lib/b.ts': '' };
    expect(() => check(files)).toThrow('name the room in scripts/imports.ts');
  });
});
