import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exec } from '../src/lib/exec.ts';
import { root } from './support/program.ts';

let home: string;
const asRoot = process.getuid?.() === 0;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'moorage-demo-test-'));
  await chmod(home, 0o777);
  await mkdir(join(home, 'checkout'));
});

afterAll(() => rm(home, { recursive: true, force: true }));

// Given to sh as a script with arguments: shows the checkout to the ordinary user where its parents are closed to him.
const asNobody =
  'mount --bind "$1" "$2" && cd "$2" && exec setpriv --reuid=65534 --regid=65534 --clear-groups -- "$3" demo/main.ts';

test.skipIf(!asRoot)('the demo, as root, ends well and leaves nothing behind', async () => {
  const { stdout } = await exec([process.execPath, 'demo/main.ts'], { cwd: root, timeout: 110_000 });
  expect(stdout).toContain('real block devices');
  expect(stdout).toMatch(/the ledger is verified once more: (\d+) acknowledged, \d+ found, sums agree/);
  expect(stdout).toContain('no mount, no loop device, no file');
});

test('the demo, as an ordinary user, says what that costs and ends well', async () => {
  const checkout = join(home, 'checkout');
  const node = process.execPath.replace(root, `${checkout}/`);
  const { stdout } = asRoot
    ? await exec(['unshare', '--mount', '--', 'sh', '-c', asNobody, 'demo', root, checkout, node], {
        timeout: 110_000,
        env: { TMPDIR: home, HOME: home },
      })
    : await exec([process.execPath, 'demo/main.ts'], { cwd: root, timeout: 110_000, env: { TMPDIR: home } });
  expect(stdout).toContain('volumes are directories');
  expect(stdout).toMatch(/the ledger is verified once more: (\d+) acknowledged, \d+ found, sums agree/);
  expect(stdout).toContain('no mount, no loop device, no file');
});
