import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fail } from '../../../src/lib/errors.ts';
import type { Cluster } from '../cluster/index.ts';
import { apply } from '../pods.ts';
import { tool } from '../tools/build.ts';
import { driver, storageClass } from './driver.ts';
import { readReport, type Spec } from './report.ts';

/** What can be chosen of a run. */
export interface SuiteOptions {
  /** Where the definition of the driver, the log and the report go. */
  readonly folder: string;
  /** How many tests run at once: they mostly wait. */
  readonly processes: number;
  /** Only the tests whose names match. */
  readonly focus?: string;
  readonly minutes: number;
}

/**
 * What is never chosen: other systems, what needs a shell on the node (kubelets that are stopped by systemctl), what
 * installs an image from the internet, and measures of scale.
 */
const neverChosen = [
  'Feature:Windows',
  'Disruptive',
  'should provision storage with any volume data source',
  'performance constraints',
];

/** Runs Kubernetes' own tests of external storage drivers against the Moorage that is installed in the cluster. */
export async function runSuite(cluster: Cluster, options: SuiteOptions): Promise<Spec[]> {
  const { folder, processes, focus, minutes } = options;
  const report = join(folder, 'report.json');
  const definition = join(folder, 'driver.json');
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await writeFile(definition, JSON.stringify(driver, undefined, 2));
  await apply(cluster, storageClass);
  const { version } = cluster.state;
  const code = await run(join(folder, 'suite.log'), [
    await tool('ginkgo', { version }),
    'run',
    `--procs=${processes}`,
    `--timeout=${minutes}m`,
    // As Kubernetes' own jobs do; what passed only then is named as flaky in the log.
    '--flake-attempts=2',
    `--focus=${focus ? `External.Storage.*(${focus})` : 'External.Storage'}`,
    ...neverChosen.map((text) => `--skip=${text}`),
    '--no-color',
    '--succinct',
    '--silence-skips',
    `--json-report=${report}`,
    await tool('e2e.test', { version }),
    '--',
    `--kubeconfig=${cluster.kubeconfig}`,
    '--provider=skeleton',
    '--node-os-distro=custom',
    `--kubectl-path=${process.env['KUBECTL'] ?? 'kubectl'}`,
    `--storage.testdriver=${definition}`,
  ]);
  const specs = await readReport(report).catch((error: unknown) => {
    return fail('internal', `the suite ended with code ${code} and left no report: ${folder} has its log`, error);
  });
  if (code !== 0 && !specs.some(({ outcome }) => outcome === 'failed')) {
    fail('internal', `the suite ended with code ${code}, though no test failed: ${folder} has its log`);
  }
  return specs;
}

/** Runs a program to its end, with all that it prints going to a file. Returns its exit code. */
async function run(log: string, [program, ...args]: [string, ...string[]]): Promise<number | null> {
  const file = createWriteStream(log);
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, LC_ALL: 'C' } });
  child.stdout.pipe(file, { end: false });
  child.stderr.pipe(file, { end: false });
  const [code] = (await once(child, 'close')) as [number | null];
  file.end();
  return code;
}
