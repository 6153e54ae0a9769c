import { readdirSync, readFileSync } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fail } from '../lib/errors.ts';
import type { Exec } from '../lib/exec.ts';
import { isBehind } from './backing.ts';
import { heldBy, holdersOf } from './holders.ts';
import { deviceNumber } from './mount.ts';
import { isMountOf, readMounts } from './mountinfo.ts';
import { runTool } from './tools.ts';

/** A loop device and the file behind it. */
export interface Loop {
  /** `/dev/loop7` */
  readonly device: string;
  /**
   * As whoever attached it saw the file. Once that mount namespace is gone, with the container that it was of, only
   * the part below the file's mount is left.
   */
  readonly file: string;
  /** True if the file was deleted since. */
  readonly deleted: boolean;
}

/** All loop devices that have a file, from /sys. Synchronous, because it is cheaper so: some 10 µs for each device. */
export function listLoops(): readonly Loop[] {
  return readdirSync('/sys/block').flatMap((name) => (name.startsWith('loop') ? (readLoop(name) ?? []) : []));
}

function readLoop(name: string): Loop | undefined {
  const text = readSys(name, 'backing_file');
  if (text === undefined) return undefined;
  const deleted = text.endsWith(' (deleted)');
  return { device: `/dev/${name}`, file: deleted ? text.slice(0, -' (deleted)'.length) : text, deleted };
}

function readSys(name: string, attribute: string): string | undefined {
  try {
    return readFileSync(`/sys/block/${name}/loop/${attribute}`, 'utf8').trimEnd();
  } catch {
    return undefined;
  }
}

/**
 * The loop device whose backing file is that very file, or undefined. Found by path, then verified by device and
 * inode, since another file may have been put at the path of the first. Devices already on their way out don't count.
 */
export async function loopOf(exec: Exec, file: string): Promise<string | undefined> {
  const path = await realpath(file).catch(() => undefined);
  if (path === undefined) return undefined;
  for (const loop of listLoops()) {
    if (!loop.deleted && mayBeOver(loop, path) && (await isBehind(exec, loop.device, path))) return loop.device;
  }
  return undefined;
}

/** Whether the loop device may be over the file, by what is known of its path. */
export function mayBeOver(loop: Loop, file: string): boolean {
  return file.endsWith(loop.file);
}

interface LoopOptions {
  readonly readOnly?: boolean;
  readonly sectorSize?: number;
}

/**
 * Ensures a loop device over the file, with direct I/O and without autoclear, so that only detachLoop ends it. One that
 * somebody has told to go (`losetup --detach`) is taken while its file system is mounted, since it stays so long; else
 * it is waited for, and made anew. Throws `busy` if it does not go, or is read-only where a writable one is wanted.
 */
export async function attachLoop(exec: Exec, file: string, options: LoopOptions = {}): Promise<string> {
  return (await ensureLoop(exec, file, options)).device;
}

/** As attachLoop; also tells whether the device is new, so that nobody can have written to it yet. */
export async function ensureLoop(
  exec: Exec,
  file: string,
  options: LoopOptions = {},
): Promise<{ readonly device: string; readonly isNew: boolean }> {
  const present = await loopOf(exec, file);
  if (present && (await stays(present))) {
    const readOnly = readFileSync(`/sys/block/${present.slice('/dev/'.length)}/ro`, 'utf8').trim() === '1';
    if (options.readOnly || !readOnly) return { device: present, isNew: false };
    await detachLoop(exec, file);
  } else if (present && !(await isReleased(present))) {
    fail('busy', `attaching ${file}: ${present} is being detached${heldBy(await holdersOf(present))}; try again`);
  }
  const { stdout } = await runTool(exec, [
    'losetup',
    '--find',
    '--show',
    '--direct-io=on',
    `--sector-size=${options.sectorSize ?? 512}`,
    ...(options.readOnly ? ['--read-only'] : []),
    file,
  ]);
  return { device: stdout.trim(), isNew: true };
}

/** Makes a loop device see its file's new size. */
export async function refreshLoop(exec: Exec, device: string): Promise<void> {
  await runTool(exec, ['losetup', '--set-capacity', device]);
}

const longestRelease = 2_000;

/**
 * Ensures that no loop device is over the file. Throws `busy` while it is mounted, or while a program has it open:
 * then the kernel lets it go as soon as that ends.
 */
export async function detachLoop(exec: Exec, file: string): Promise<void> {
  const device = await loopOf(exec, file);
  if (device) await detachDevice(exec, device);
}

/** Like detachLoop, for a device whose file may be gone. */
export async function detachDevice(exec: Exec, device: string): Promise<void> {
  const { number, name } = await identify(device);
  const mounted = (await readMounts()).find((mount) => isMountOf(mount, { number, device }));
  if (mounted) fail('busy', `detaching ${device}: it is mounted at ${mounted.target}; unmount that first`);
  if (readSys(name, 'backing_file') === undefined) return;
  // ENXIO: somebody else detached it between the look and the call.
  const { code, stderr } = await runTool(exec, ['losetup', '--detach', device], { ok: [0, 1] });
  if (code !== 0 && !/No such device or address/.test(stderr))
    fail('internal', `detaching ${device}: ${stderr.trim()}`);
  if (await isReleased(device)) return;
  fail('busy', `detaching ${device}: it is open${heldBy(await holdersOf(device))}; it goes once that ends`);
}

/** Whether the device stays until it is detached: it was not told to go, or can't while its file system is mounted. */
async function stays(device: string): Promise<boolean> {
  const { number, name } = await identify(device);
  if (readSys(name, 'autoclear') !== '1') return true;
  return (await readMounts()).some((mount) => mount.device === number);
}

/**
 * Whether the device, which was told to go, is gone. With an opener left, the kernel only marks it; a short look of
 * udev's at it is worth waiting for.
 */
async function isReleased(device: string): Promise<boolean> {
  const name = device.slice('/dev/'.length);
  const file = readSys(name, 'backing_file');
  const until = performance.now() + longestRelease;
  while (file !== undefined && readSys(name, 'backing_file') === file) {
    if (performance.now() > until) return false;
    await sleep(10);
  }
  return true;
}

async function identify(device: string): Promise<{ readonly number: string; readonly name: string }> {
  return { number: deviceNumber((await stat(device)).rdev), name: device.slice('/dev/'.length) };
}
