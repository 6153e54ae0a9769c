import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, mkdir, open, stat } from 'node:fs/promises';
import { fail, isCode } from '../lib/errors.ts';
import type { Exec } from '../lib/exec.ts';
import { parseMountOptions } from '../model/filesystems/mount.ts';
import type { FsType } from '../model/filesystems/types.ts';
import { heldBy, holdersOf } from './holders.ts';
import type { MountEntry } from './mountinfo.ts';
import { deadErrors, mountAtPlace } from './paths/mounted.ts';
import { runOnHandles } from './paths/program.ts';
import { entryForOthers, entryOf, openEntry, type Place, pathForOthers, walk } from './paths/walk.ts';

export interface DeviceMount {
  readonly device: string;
  readonly target: string;
  readonly fsType: FsType;
  /** Only what is on the list for the file system. */
  readonly options?: readonly string[];
  readonly readOnly?: boolean;
}

/**
 * Ensures that the device's file system is mounted at the target, which is made if it is missing. Throws `in-use` if
 * something else is mounted there, and `invalid` for a path that others can turn elsewhere.
 */
export async function mountDevice(exec: Exec, mount: DeviceMount): Promise<void> {
  const { device, target, fsType } = mount;
  await using place = await walk(target, { make: 0o777 });
  await makeTarget(place, false);
  const present = await mountAtPlace(place);
  if (present) {
    const wanted = await stat(device);
    if (present.device === deviceNumber(wanted.rdev)) return;
    return fail('in-use', `mounting ${device} at ${target}: ${present.source} is mounted there; unmount that first`);
  }
  const options = ['rw', ...parseMountOptions(fsType, mount.options ?? []), ...(mount.readOnly ? ['ro'] : [])];
  await using under = await openTarget(place, false);
  const argv = ['mount', '--no-canonicalize', '-t', fsType, '-o', options.join(','), '--', device] as const;
  await runOnHandles(exec, [...argv, pathForOthers(under)], new Map([[under, target]]));
}

interface BindOptions {
  readonly readOnly?: boolean;
  /** The source is a single file or a device node. */
  readonly file?: boolean;
  /** Only what is on the list for bind mounts. */
  readonly options?: readonly string[];
}

/**
 * Ensures that `source` is also visible at `target`: a directory, or with `file` a single file or device node. The
 * target is made if it is missing. Throws `in-use` if something else is mounted there, and `invalid` for a path that
 * others can turn elsewhere.
 */
export async function bindMount(exec: Exec, source: string, target: string, options: BindOptions = {}): Promise<void> {
  const asked = parseMountOptions('bind', options.options ?? []).filter((it) => it !== 'defaults' && it !== 'rw');
  const flags = [...asked, ...(options.readOnly ? ['ro'] : [])];
  await using from = await openSource(source);
  await using place = await walk(target, { make: 0o777 });
  await makeTarget(place, options.file ?? false);
  const present = await mountAtPlace(place);
  if (present && !(await shows(place, from))) {
    return fail('in-use', `binding ${source} to ${target}: ${present.source} is mounted there; unmount that first`);
  }
  if (!present) {
    await using under = await openTarget(place, options.file ?? false);
    const argv = ['mount', '--no-canonicalize', '--bind', '--', pathForOthers(from), pathForOthers(under)] as const;
    await runOnHandles(exec, argv, names([from, source], [under, target]));
  }
  if (flags.length > 0) await ensureFlags(exec, place, flags);
}

/** Flags of a mount that a remount has to say again to keep them. */
const kept = ['ro', 'nosuid', 'nodev', 'noexec', 'nosymfollow', 'noatime', 'nodiratime', 'relatime'];

/** The kernel takes the flags of a bind mount only in a second call, so a crash between the two is mended here. */
async function ensureFlags(exec: Exec, place: Place, flags: readonly string[]): Promise<void> {
  const mount = await mountAtPlace(place);
  if (!mount) return fail('busy', `binding to ${place.path}: it was taken off meanwhile; try again`);
  if (flags.every((flag) => mount.options.includes(flag))) return;
  const options = ['remount', 'bind', ...kept.filter((flag) => mount.options.includes(flag)), ...flags];
  await using top = await openTarget(place, undefined);
  const argv = ['mount', '--no-canonicalize', '-o', options.join(','), '--', 'none', pathForOthers(top)] as const;
  await runOnHandles(exec, argv, names([top, place.path]));
}

function names(...of: readonly (readonly [FileHandle, string])[]): ReadonlyMap<FileHandle, string> {
  return new Map(of);
}

/** What a path leads to, through links that only root or we could have made. */
async function openSource(path: string): Promise<FileHandle> {
  await using place = await walk(path, { last: true });
  return (await openEntry(place)) ?? fail('not-found', `binding ${path}: there is nothing at that path`);
}

async function makeTarget(place: Place, file: boolean): Promise<void> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const making = file
    ? open(entryOf(place), flags, 0o600).then((made) => made.close())
    : mkdir(entryOf(place), { mode: 0o777 });
  await making.catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EEXIST') return;
    fail('invalid', `${place.path} can't be made: ${error.code}; choose another path`, error);
  });
}

/** The very thing at the target, opened; `file` says what it has to be. */
async function openTarget(place: Place, file: boolean | undefined): Promise<FileHandle> {
  const found = await openEntry(place);
  const stats = await found?.stat();
  const fits = file === undefined || (file ? !stats?.isDirectory() && !stats?.isSymbolicLink() : stats?.isDirectory());
  if (found && fits) return found;
  await found?.close();
  const what = file ? 'file' : 'directory';
  return fail(
    'invalid',
    `mounting at ${place.path}: there is no ${what} there; remove what is there, or choose another path`,
  );
}

async function shows(place: Place, source: FileHandle): Promise<boolean> {
  await using target = await openEntry(place);
  if (!target) return false;
  const [a, b]: [BigIntStats, BigIntStats] = [await target.stat({ bigint: true }), await source.stat({ bigint: true })];
  return a.dev === b.dev && a.ino === b.ino;
}

const mostLayers = 32;

/**
 * Ensures that nothing is mounted at the target, however many mounts are stacked there; the target itself stays.
 * Throws `busy`, naming who holds it, while something uses it.
 */
export async function unmount(exec: Exec, target: string): Promise<void> {
  const found = await walk(target).catch((error: unknown) => {
    // Where no path leads that is not somebody's trap, nothing of ours is to be taken off.
    if (isCode(error, 'invalid')) return undefined;
    throw error;
  });
  if (!found) return;
  await using place = found;
  for (let layer = 0; layer < mostLayers; layer++) {
    const mount = await mountAtPlace(place);
    if (!mount) return;
    await unmountAt(exec, place, mount);
  }
  fail('internal', `unmounting ${place.path}: still mounted after ${mostLayers} layers; see /proc/self/mountinfo`);
}

/**
 * Takes off what is mounted at a place on top of all. Throws `busy`, naming who holds it. A dead mount is forced off, and
 * taken off lazily only if it has no block device: a device that is let go lazily may still be written to by somebody
 * unseen.
 */
export async function unmountAt(exec: Exec, place: Place, mount: MountEntry): Promise<void> {
  const { path } = place;
  const { code, stderr } = await runUmount(exec, place, [], [0, 1, 32]);
  if (code === 0) return;
  if ((await mountAtPlace(place))?.id !== mount.id) return;
  if (await isDead(entryOf(place))) return forceOff(exec, place, mount);
  if (/busy/.test(stderr)) {
    fail('busy', `unmounting ${path}: it is in use${heldBy(await holdersOf(path))}; it comes off once that ends`);
  }
  fail('internal', `unmounting ${path}: ${stderr.trim()}`);
}

async function runUmount(exec: Exec, place: Place, flags: readonly string[], ok: readonly number[]) {
  const argv = ['umount', '--no-canonicalize', ...flags, '--', entryForOthers(place)] as const;
  const parent = place.path.slice(0, -place.name.length - 1);
  return runOnHandles(exec, argv, names([place.parent, parent]), { ok });
}

async function isDead(path: string): Promise<boolean> {
  try {
    await stat(path);
    return false;
  } catch (error) {
    return deadErrors.has((error as NodeJS.ErrnoException).code ?? '');
  }
}

async function forceOff(exec: Exec, place: Place, mount: MountEntry): Promise<void> {
  const { path } = place;
  const { code } = await runUmount(exec, place, ['--force'], [0, 1, 32]);
  if (code === 0) return;
  if (mount.source.startsWith('/dev/')) {
    fail('busy', `unmounting ${path}: ${mount.source} gives errors and is in use${heldBy(await holdersOf(path))}`);
  }
  await runUmount(exec, place, ['--lazy'], [0]);
}

/** `major:minor` of a device number, as mountinfo and /sys/dev/block write it. */
export function deviceNumber(device: number | bigint): string {
  const number = BigInt(device);
  const major = ((number >> 8n) & 0xfffn) | ((number >> 32n) & 0xfffff000n);
  const minor = (number & 0xffn) | ((number >> 12n) & 0xffffff00n);
  return `${major}:${minor}`;
}
