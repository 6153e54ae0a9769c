import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { ScratchCopy } from './scratch-copy.ts';

/** What became of one test. `broken` is one that could not be run at all: a mutation must not end as that. */
export type Outcome = 'passed' | 'failed' | 'hung' | 'skipped' | 'broken';

const report = z.object({
  testResults: z.array(
    z.object({
      message: z.string().optional(),
      assertionResults: z.array(z.object({ fullName: z.string(), status: z.string() })),
    }),
  ),
});

/** No near test takes that long, in milliseconds. */
const longest = 180_000;

/** Runs the tests of a file whose names contain the given one, in the copy. */
export function runTest(
  { directory, temporary }: Pick<ScratchCopy, 'directory' | 'temporary'>,
  test: string,
  name: string,
): { outcome: Outcome; words: string } {
  const file = join(directory, '.mutate-report.json');
  rmSync(file, { force: true });
  const project = test.startsWith('src/') ? 'unit' : 'integration';
  const argv = [join(directory, 'node_modules/vitest/vitest.mjs'), 'run', '--project', project, test];
  // As vitest names the tests of a table.
  const pattern = name.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&').replaceAll('%s', '.*');
  const flags = ['--testNamePattern', pattern, '--reporter', 'json', '--outputFile', file];
  const { signal, stderr, stdout } = spawnSync(process.execPath, [...argv, ...flags], {
    cwd: directory,
    encoding: 'utf8',
    timeout: longest,
    killSignal: 'SIGKILL',
    env: { ...process.env, NO_COLOR: '1', TMPDIR: temporary },
  });
  if (signal !== null) return { outcome: 'hung', words: `no end after ${longest / 1_000} s` };
  if (!existsSync(file)) return { outcome: 'broken', words: stderr || stdout };
  const { testResults } = report.parse(JSON.parse(readFileSync(file, 'utf8')));
  const states = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ fullName }) => new RegExp(pattern).test(fullName))
    .map(({ status }) => status);
  const words = testResults.map(({ message = '' }) => message).join('\n');
  if (states.includes('failed')) return { outcome: 'failed', words };
  if (states.includes('passed')) return { outcome: 'passed', words };
  return { outcome: states.length > 0 && words === '' ? 'skipped' : 'broken', words };
}
