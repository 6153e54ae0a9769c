/**
 * Takes each guard of scripts/mutations out of a copy of the sources, one after the other, and runs the test that must
 * notice it. Prints a table; exits 1 if one is not noticed, or if its test does not pass with the guard in place. What is
 * given as arguments must be in a mutation's file, guard or test: `npm run mutate -- inventory`.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mutations } from './mutations/index.ts';
import { type Mutation, mutated } from './mutations/mutation.ts';
import { type Outcome, runTest } from './mutations/run-test.ts';
import { ScratchCopy } from './mutations/scratch-copy.ts';

type Verdict = 'killed' | 'survived' | 'survived, as known' | 'no test';

interface Row {
  readonly mutation: Mutation;
  readonly verdict: Verdict;
  readonly why: string;
}

const root = fileURLToPath(new URL('..', import.meta.url));
const words = process.argv.slice(2);
const chosen = mutations.filter(({ file, guard, test }) =>
  words.every((it) => [file, guard, test].join(' ').includes(it)),
);
// All of them first, so that a list that has rotted costs no time.
const sources = new Map(chosen.map((it) => [it, mutated(readFileSync(join(root, it.file), 'utf8'), it)]));

await using copy = new ScratchCopy(root);
const sound = new Map<string, Outcome>();
const rows: Row[] = [];
for (const mutation of chosen) {
  const row = tryOut(mutation);
  await copy.sweep();
  rows.push(row);
  console.log(
    `${row.verdict.padEnd(18)} ${mutation.file}: ${mutation.guard}${row.why && `\n${' '.repeat(19)}${row.why}`}`,
  );
}
const count = (verdict: Verdict) => rows.filter((it) => it.verdict === verdict).length;
const known = count('survived, as known');
console.log(
  `${count('killed')} killed, ${count('survived')} survived, ${known} known to survive, ${count('no test')} without a test that runs`,
);
process.exitCode = rows.length > 0 && count('survived') + count('no test') === 0 ? 0 : 1;

function tryOut(mutation: Mutation): Row {
  const { file, test, name, survives } = mutation;
  const key = `${test}\n${name}`;
  const before = sound.get(key) ?? runTest(copy, test, name).outcome;
  sound.set(key, before);
  if (before !== 'passed') return { mutation, verdict: 'no test', why: `${test}, "${name}": ${before} as it is` };
  const path = join(copy.directory, file);
  writeFileSync(path, sources.get(mutation) ?? '');
  try {
    const { outcome, words: said } = runTest(copy, test, name);
    if (outcome === 'failed' || outcome === 'hung') return { mutation, verdict: 'killed', why: '' };
    if (outcome !== 'passed')
      return { mutation, verdict: 'no test', why: `${test}: ${outcome}: ${said.slice(0, 500)}` };
    return survives === undefined
      ? { mutation, verdict: 'survived', why: `${test}, "${name}" passes without it` }
      : { mutation, verdict: 'survived, as known', why: survives };
  } finally {
    rmSync(path);
    writeFileSync(path, readFileSync(join(root, file)));
  }
}
