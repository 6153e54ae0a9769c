/**
 * `npm run test:e2e`: Kubernetes' own tests of storage drivers, against Moorage as the chart installs it. Arguments
 * choose among the tests by parts of their names. On the cluster of `MOORAGE_KUBE_DIR`, if it runs; otherwise on one
 * that is brought up for it, and taken down. Closes with one line, and leaves logs in .cache/e2e. `MOORAGE_E2E_PROCESSES`
 * says how many tests run at once: they mostly wait.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isCode, messageOf } from '../../../src/lib/errors.ts';
import { attachCluster, type Cluster, startCluster } from '../cluster/index.ts';
import { installMoorage } from '../support/install.ts';
import { inventory, nothingLeft } from './leftovers.ts';
import { type Spec, summary } from './report.ts';
import { runSuite } from './suite.ts';

const folder = join(import.meta.dirname, '../../../.cache/e2e');
const say = (text: string) => console.log(`e2e: ${text}`);

async function main(words: readonly string[]): Promise<void> {
  const started = performance.now();
  await using cluster = await someCluster();
  await installMoorage(cluster, { say });
  const processes = Number(process.env['MOORAGE_E2E_PROCESSES'] || 12);
  const focus = words.length > 0 ? words.join('|') : undefined;
  say(`running the suite in ${processes} processes; its log is ${join(folder, 'suite.log')}`);
  const before = await inventory(cluster);
  const ran = await runSuite(cluster, { folder, processes, minutes: 30, ...(focus && { focus }) });
  const specs = [...ran, await nothingLeft(cluster, before)];
  await keepFailures(specs);
  const table = summary(specs);
  await writeFile(join(folder, 'summary.txt'), `${table}\n`);
  console.log(table);
  const count = (outcome: Spec['outcome']) => specs.filter((it) => it.outcome === outcome).length;
  const [passed, failed] = [count('passed'), count('failed')];
  const report = process.env['MOORAGE_TEST_REPORT'];
  if (report) await writeFile(report, JSON.stringify({ numPassedTests: passed, numFailedTests: failed }));
  say(`${passed} passed, ${failed} failed in ${Math.round((performance.now() - started) / 1000)} s`);
  if (failed > 0 || passed === 0) process.exitCode = 1;
}

/** The one that runs, or one whose controller manager does not keep the tests waiting. */
async function someCluster(): Promise<Cluster> {
  try {
    return await attachCluster();
  } catch (error) {
    if (!isCode(error, 'not-found')) throw error;
    return startCluster({ kcm: 'raised', say });
  }
}

/** What each failed test wrote, in a file of its own. */
async function keepFailures(specs: readonly Spec[]): Promise<void> {
  await mkdir(join(folder, 'failed'), { recursive: true });
  for (const { outcome, name, reason, output } of specs) {
    if (outcome !== 'failed') continue;
    const file = `${name.replace(/[^\w]+/g, '-').slice(-150)}.log`;
    await writeFile(join(folder, 'failed', file), `${name}\n\n${reason}\n\n${output}`);
  }
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  console.error(`e2e: ${messageOf(error)}`);
  process.exitCode = 1;
}
