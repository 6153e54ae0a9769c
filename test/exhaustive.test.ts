import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exec } from '../src/lib/exec.ts';

const root = join(import.meta.dirname, '..');
let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'moorage-exhaustive-'));
  await copyFile(join(root, 'biome.json'), join(dir, 'biome.json'));
});
afterAll(() => rm(dir, { recursive: true }));

/** What the check of style says of one that carries out steps, and returns nothing, so that the compiler is content. */
async function check(cases: string): Promise<string> {
  const text = `type Step = 'begin' | 'end';
export function carryOut(step: Step, done: () => void): void {
  switch (step) {
    case 'begin':
${cases}      done();
  }
}
`;
  await writeFile(join(dir, 'carry-out.ts'), text);
  const argv = [join(root, 'node_modules/.bin/biome'), 'lint', 'carry-out.ts'] as const;
  const env = { PATH: `${join(root, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}` };
  const { stdout, stderr } = await exec(argv, { cwd: dir, env, ok: [0, 1] });
  return stdout + stderr;
}

test('a step that nobody carries out does not pass the check', async () => {
  expect(await check('')).toContain('is not exhaustive');
  expect(await check("    case 'end':\n")).toMatch(/^Checked 1 file.* No fixes/);
});
