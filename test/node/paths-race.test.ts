import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdir, mkdtemp, readdir, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { exec } from '../../src/lib/exec.ts';
import { bindMount, mountDevice, unmount } from '../../src/node/mount.ts';
import { readMounts } from '../../src/node/mountinfo.ts';

/** Somebody without any rights. */
const hers = 65_534;
const tries = 50;

let base: string;
let swapper: ChildProcess | undefined;

/** In a loop: `turns` is a directory with a place in it, then a link to another directory with such a place. */
const swap = `
const { renameSync, symlinkSync, unlinkSync, writeSync } = require('node:fs');
let junk = 0;
const aside = () => renameSync('turns', 'junk' + junk++);
for (let round = 0; ; round++) {
  renameSync('turns', 'away');
  // What root makes at the path meanwhile goes aside.
  for (let done = false; !done; ) try { symlinkSync(process.argv[1], 'turns'); done = true; } catch { aside(); }
  if (round === 0) writeSync(1, 'turning');
  unlinkSync('turns');
  for (let done = false; !done; ) try { renameSync('away', 'turns'); done = true; } catch { aside(); }
}`;

async function startSwapping(): Promise<void> {
  const child = spawn(process.execPath, ['--eval', swap, join(base, 'others')], {
    cwd: join(base, 'hers'),
    uid: hers,
    gid: hers,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  swapper = child;
  await once(child.stdout, 'data');
}

/** It swaps until it is ended: had it ended by itself, the test would have shown nothing. */
async function stopSwapping(): Promise<void> {
  const running = swapper;
  swapper = undefined;
  if (!running) return;
  expect(running.exitCode).toBeNull();
  const ended = once(running, 'exit');
  running.kill('SIGKILL');
  await ended;
}

async function mountsBelow(path: string): Promise<readonly string[]> {
  return (await readMounts()).map(({ target }) => target).filter((target) => target.startsWith(`${path}/`));
}

describe.runIf(process.getuid?.() === 0)('while somebody turns a directory of a path elsewhere', () => {
  beforeEach(async () => {
    base = await realpath(await mkdtemp(join(tmpdir(), 'moorage-race-')));
    await chmod(base, 0o755);
    for (const path of ['source', 'others/place', 'hers/turns/place'])
      await mkdir(join(base, path), { recursive: true });
    await writeFile(join(base, 'source/file'), '');
    for (const path of ['hers', 'hers/turns', 'hers/turns/place']) await chown(join(base, path), hers, hers);
  });

  afterEach(async () => {
    await stopSwapping();
    for (const target of (await mountsBelow(base)).toReversed()) await unmount(exec, target);
    await rm(base, { recursive: true });
  });

  test('no mount lands in a directory of others, and nothing is made there', async () => {
    await startSwapping();
    const target = join(base, 'hers/turns/place');
    const deep = join(base, 'hers/turns/new/deep');
    for (let round = 0; round < tries; round++) {
      const readOnly = round % 2 === 0;
      await bindMount(exec, join(base, 'source'), target, { readOnly }).catch(expectRefusal);
      await bindMount(exec, join(base, 'source'), deep).catch(expectRefusal);
      expect(await mountsBelow(join(base, 'others'))).toEqual([]);
      for (const there of await mountsBelow(join(base, 'hers'))) await unmount(exec, there).catch(expectRefusal);
    }
    expect(await readdir(join(base, 'others'))).toEqual(['place']);
    await stopSwapping();
  });

  test('what is mounted in a directory of others stays, and so does its content', async () => {
    await bindMount(exec, join(base, 'source'), join(base, 'others/place'));
    await startSwapping();
    for (let round = 0; round < tries; round++) await unmount(exec, join(base, 'hers/turns/place'));
    expect(await mountsBelow(join(base, 'others'))).toEqual([join(base, 'others/place')]);
    expect(await readdir(join(base, 'others/place'))).toEqual(['file']);
  });

  test('what is shown is never a directory of others', async () => {
    await writeFile(join(base, 'others/place/secret'), '');
    await startSwapping();
    const target = join(base, 'shown');
    for (let round = 0; round < tries; round++) {
      await bindMount(exec, join(base, 'hers/turns/place'), target).catch(expectRefusal);
      expect(await readdir(target).catch(() => [])).toEqual([]);
      await unmount(exec, target);
    }
  });
});

describe.runIf(process.getuid?.() === 0)('a link on the way', () => {
  beforeEach(async () => {
    base = await realpath(await mkdtemp(join(tmpdir(), 'moorage-link-')));
    for (const path of ['source', 'real/place', 'hers']) await mkdir(join(base, path), { recursive: true });
    await symlink(join(base, 'real'), join(base, 'ours'));
    await symlink(join(base, 'real'), join(base, 'hers/link'));
    await chown(join(base, 'hers'), hers, hers);
  });

  afterEach(async () => {
    for (const target of (await mountsBelow(base)).toReversed()) await unmount(exec, target);
    await rm(base, { recursive: true });
  });

  test("is followed if only root could have made it, and refused in another one's directory", async () => {
    await bindMount(exec, join(base, 'source'), join(base, 'ours/place'), { readOnly: true, options: ['nosuid'] });
    expect(await mountsBelow(base)).toEqual([join(base, 'real/place')]);
    await unmount(exec, join(base, 'ours/place'));
    const refused = bindMount(exec, join(base, 'source'), join(base, 'hers/link/place'));
    await expect(refused).rejects.toThrow(/hers\/link is a symbolic link that others than root could turn elsewhere/);
    const hidden = bindMount(exec, join(base, 'hers/link/place'), join(base, 'shown'));
    await expect(hidden).rejects.toThrow(/symbolic link/);
    expect(await mountsBelow(base)).toEqual([]);
  });

  test('is no place for a mount itself', async () => {
    await symlink('real', join(base, 'end'));
    await expect(bindMount(exec, join(base, 'source'), join(base, 'end'))).rejects.toThrow(/no directory there/);
    await expect(mountDevice(exec, { device: '/dev/null', target: join(base, 'end'), fsType: 'ext4' })).rejects.toThrow(
      /no directory there/,
    );
  });
});

function expectRefusal(error: unknown): void {
  expect(error).toMatchObject({ name: 'MoorageError' });
}
