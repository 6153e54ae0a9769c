import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, copyFile, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { exec } from '../src/lib/exec.ts';
import { mountBtrfs } from './engines/btrfs.ts';
import { letGo, makeScratch } from './engines/local-scratch.ts';
import { leftovers } from './support/leftovers.ts';
import { root } from './support/program.ts';

const binary = join(root, '.cache/bin/csi-sanity');
const source = 'github.com/kubernetes-csi/csi-test/v5/cmd/csi-sanity@v5.6.0';
const isRoot = process.getuid?.() === 0;

/** What may be skipped: the tests of what the driver does not announce, and why it does not. */
const allowed: readonly (readonly [RegExp, string])[] = [
  [/GetSnapshot/, 'alpha in CSI 1.12'],
  [/accessibility requirements/, 'alpha in CSI 1.13: snapshots with topology'],
  [/Health/, 'alpha in CSI 1.13'],
  [/ControllerGetVolume/, 'alpha in CSI 1.12'],
  [/GroupController/, 'group snapshots come with their own issue'],
  [/ModifyVolume|volume attribute class/, 'there is no parameter yet that a volume could change'],
  [/ControllerPublishVolume|ControllerUnpublishVolume|volume lifecycle/, 'attachment is taken by NodeStageVolume'],
];

interface Report {
  readonly LeafNodeText: string;
  readonly ContainerHierarchyTexts: readonly string[] | null;
  readonly State: string;
  readonly Failure?: { readonly Message: string };
}

describe('csi-sanity, whole', () => {
  beforeAll(async () => {
    if (await stat(binary).catch(() => undefined)) return;
    const env = { GOBIN: join(root, '.cache/bin'), GOFLAGS: '' };
    await exec(['go', 'install', source], { env, timeout: 600_000 });
  }, 600_000);

  const nobody = ['setpriv', '--reuid=nobody', '--regid=nogroup', '--clear-groups'];
  test.for([
    { backend: 'image', as: 'root', options: { fsType: 'ext4' }, access: 'mount', wrap: [] },
    { backend: 'image', as: 'root', options: { fsType: 'xfs' }, access: 'mount', wrap: [] },
    { backend: 'image', as: 'root', options: {}, access: 'block', wrap: [] },
    { backend: 'directory', as: 'an ordinary user', options: {}, access: 'mount', wrap: isRoot ? nobody : [] },
    { backend: 'quota', as: 'root', options: {}, access: 'mount', wrap: [] },
  ])('$backend backend, as $as, $access $options', async ({ backend, options, access, wrap }, { skip }) => {
    if (backend !== 'directory' && !isRoot) skip(`${backend} takes root`);
    await using scratch = await makeScratch();
    const dataDir = join(scratch.path, 'data');
    const paths = join(scratch.path, 'paths');
    for (const path of [dataDir, paths]) await mkdir(path, { mode: 0o700 });
    const place = backend === 'quota' ? [join(await mountBtrfs(scratch.path, 8 * 2 ** 30), 'pool')] : [];
    const parameters = join(paths, 'parameters.yaml');
    await writeFile(parameters, JSON.stringify(options));
    // An ordinary user may not be let into the project's own directory.
    const sanity = join(paths, 'csi-sanity');
    await copyFile(binary, sanity);
    await chmod(sanity, 0o755);
    if (wrap.length > 0) {
      await chmod(scratch.path, 0o755);
      const { stdout } = await exec(['id', '-u', 'nobody']);
      for (const path of [dataDir, paths, parameters]) await chown(path, Number(stdout), 65534);
    }

    const program = join(import.meta.dirname, 'csi/storage-half-process.ts');
    const [command = '', ...args] = [...wrap, process.execPath, program, dataDir, backend, ...place];
    const driver = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      await Promise.race([
        once(driver.stdout, 'data'),
        once(driver, 'exit').then(() => Promise.reject(driver.exitCode)),
      ]);
      const report = join(paths, 'report.json');
      const argv = [
        sanity,
        `-csi.endpoint=unix://${join(dataDir, 'run/csi.sock')}`,
        `-csi.mountdir=${join(paths, 'mount')}`,
        `-csi.stagingdir=${join(paths, 'staging')}`,
        `-csi.testvolumesize=${512 << 20}`,
        `-csi.testvolumeexpandsize=${1024 << 20}`,
        `-csi.testvolumeparameters=${parameters}`,
        `-csi.testvolumeaccesstype=${access}`,
        `-ginkgo.json-report=${report}`,
      ];
      const [first = '', ...rest] = [...wrap, ...argv];
      await exec([first, ...rest], { timeout: 110_000, ok: [0, 1] });
      const [suite] = JSON.parse(await readFile(report, 'utf8')) as { SpecReports: Report[] }[];
      const specs = (suite?.SpecReports ?? []).map((spec) => ({
        name: [...(spec.ContainerHierarchyTexts ?? []), spec.LeafNodeText].join(' '),
        state: spec.State,
        message: spec.Failure?.Message,
      }));
      expect(specs.filter(({ state }) => !['passed', 'skipped', 'pending'].includes(state))).toEqual([]);
      expect(specs.filter(({ state }) => state === 'passed').length).toBeGreaterThan(60);
      const skipped = specs.filter(({ state }) => state === 'skipped');
      expect(skipped.filter(({ name }) => !allowed.some(([pattern]) => pattern.test(name)))).toEqual([]);
      const ofPool = (it: string) => it.includes('/pools/default') || it.includes('/btrfs');
      expect((await leftovers(scratch.path)).filter((it) => !ofPool(it))).toEqual([]);
    } finally {
      if (driver.exitCode === null && driver.kill('SIGTERM')) await once(driver, 'exit');
    }
    await letGo(scratch.path);
    expect(await leftovers(scratch.path)).toEqual([]);
  });
});
