import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { root } from '../support/program.ts';
import type { Difference } from './differential/compare.ts';
import { known } from './differential/known.ts';
import { play } from './differential/run.ts';
import { scenarios } from './differential/scenarios/index.ts';
import type { Scenario } from './differential/scenarios/scenario.ts';
import { openCluster, openEmbedded, type Side } from './differential/side.ts';

const reasonFor = (difference: Difference) => known.find(({ covers }) => covers(difference))?.name;

test('the page names every difference that is allowed, and no other', async () => {
  const page = await readFile(join(root, 'docs/differences.md'), 'utf8');
  const named = [...page.matchAll(/^\| `([\w-]+)` \|/gm)].map(([, name]) => name);
  expect(named).toEqual(known.map(({ name }) => name));
});

describe.skipIf(process.getuid?.() !== 0)('a user of the embedded API and one of a cluster', () => {
  const open = new AsyncDisposableStack();
  let embedded: Side;
  let cluster: Side;
  let found: readonly Difference[];

  beforeAll(async () => {
    embedded = open.use(await openEmbedded());
    cluster = open.use(await openCluster());
    found = await play(scenarios, embedded, cluster);
  }, 600_000);
  afterAll(() => open.disposeAsync());

  test.each(scenarios)('see the same, but for what is known: $name', async (scenario) => {
    // Another try of this test is another play.
    const differences = tried.has(scenario) ? await play([scenario], embedded, cluster) : found;
    tried.add(scenario);
    expect(differences.filter((it) => it.scenario === scenario.name && reasonFor(it) === undefined)).toEqual([]);
  });
  const tried = new Set<Scenario>();

  test('what is known to differ still does', () => {
    const seen = new Set(found.map(reasonFor));
    expect(known.filter(({ name, sometimes }) => !sometimes && !seen.has(name)).map(({ name }) => name)).toEqual([]);
  });
});
