import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ExecOptions, exec } from '../src/lib/exec.ts';
import { leftovers } from './support/leftovers.ts';
import { Program, root } from './support/program.ts';

/** What a person gets who never sees this checkout: `npm pack`, then `npm install -g` of that into a prefix of its own. */
describe('the package', () => {
  let home: string;
  let moorage: string;

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'moorage-package-'));
    const options: ExecOptions = { cwd: root, timeout: 300_000 };
    await exec(['npm', 'pack', '--pack-destination', home, '--loglevel', 'error'], options);
    const tarball = (await readdir(home)).find((name) => name.endsWith('.tgz')) ?? '';
    const install = ['install', '-g', '--prefix', join(home, 'prefix'), '--prefer-offline', '--no-audit', '--no-fund'];
    await exec(['npm', ...install, '--loglevel', 'error', join(home, tarball)], { ...options, cwd: home });
    moorage = join(home, 'prefix/bin/moorage');
  }, 600_000);

  afterAll(async () => {
    await rm(home, { recursive: true, force: true });
  });

  it('runs built files with the Node.js that it brings', async () => {
    // With an empty PATH but for the system's own tools: neither this checkout's node nor the machine's is found.
    const { stdout } = await exec([moorage, 'version', '-o', 'json'], {
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
    });
    expect(JSON.parse(stdout).node).toMatch(/^2[4-9]\./);
    const files = await readdir(join(home, 'prefix/lib/node_modules/moorage'));
    expect(files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'bin', 'dist', 'package.json']));
    expect(files).not.toContain('src');
  });

  it('runs moorage up', async () => {
    const program = new Program({ data: join(home, 'data'), program: moorage });
    await program.start();
    expect((await program.run('status')).stdout).toMatch(/^default +Ready/m);
    await program.end('SIGTERM');
    expect(await leftovers(home)).toEqual([]);
  });
});
