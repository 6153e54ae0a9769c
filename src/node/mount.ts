import { mkdir, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fail } from '../lib/errors.ts';
import type { Exec } from '../lib/exec.ts';
import { heldBy, holdersOf } from './holders.ts';
import { canonical, type MountEntry, mountAt } from './mountinfo.ts';

export interface DeviceMount {
  readonly device: string;
  readonly target: string;
  readonly fsType: string;
  readonly options?: readonly string[];
  readonly readOnly?: boolean;
}

/**
 * Ensures that the device's file system is mounted at the target, which is made if it is missing. Throws `in-use` if
 * something else is mounted there.
 */
export async function mountDevice(exec: Exec, mount: DeviceMount): Promise<void> {
  const { device, target, fsType } = mount;
  await mkdir(target, { recursive: true });
  const present = await mountAt(target);
  if (present) {
    const wanted = await stat(device);
    if (present.device === deviceNumber(wanted.rdev)) return;
    return fail('in-use', `mounting ${device} at ${target}: ${present.source} is mounted there; unmount that first`);
  }
  const options = [mount.readOnly ? 'ro' : 'rw', ...(mount.options ?? [])];
  await exec(['mount', '-t', fsType, '-o', options.join(','), '--', device, target]);
}

/**
 * Ensures that `source` is also visible at `target`: a directory, or with `file` a single file or device node. The
 * target is made if it is missing. Throws `in-use` if something else is mounted there.
 */
export async function bindMount(
  exec: Exec,
  source: string,
  target: string,
  options: { readonly readOnly?: boolean; readonly file?: boolean; readonly options?: readonly string[] } = {},
): Promise<void> {
  await makeTarget(target, options.file ?? false);
  const present = await mountAt(target);
  if (present && !(await same(source, target))) {
    return fail('in-use', `binding ${source} to ${target}: ${present.source} is mounted there; unmount that first`);
  }
  if (!present) await exec(['mount', '--bind', '--', source, target]);
  // The kernel takes the flags of a bind mount only in a second call, so a crash between the two is mended here.
  const flags = ['bind', ...(options.readOnly ? ['ro'] : []), ...(options.options ?? [])];
  if (flags.length > 1 && !hasFlags(await mountAt(target), flags.slice(1))) {
    await exec(['mount', '-o', ['remount', ...flags].join(','), '--', target]);
  }
}

function hasFlags(mount: MountEntry | undefined, flags: readonly string[]): boolean {
  return mount !== undefined && flags.every((flag) => mount.options.includes(flag));
}

async function makeTarget(target: string, file: boolean): Promise<void> {
  if (!file) {
    await mkdir(target, { recursive: true });
    return;
  }
  await mkdir(dirname(target), { recursive: true });
  if (await mountAt(target)) return;
  await (await open(target, 'a', 0o600)).close();
}

async function same(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([stat(one, { bigint: true }), stat(other, { bigint: true })]);
  return a.dev === b.dev && a.ino === b.ino;
}

/** Errors of a file system whose other end is gone: it can only be forced off. */
const deadErrors = new Set(['ENOTCONN', 'ESTALE', 'EIO', 'EHOSTDOWN']);
const mostLayers = 32;

/**
 * Ensures that nothing is mounted at the target, however many mounts are stacked there; the target itself stays.
 * Throws `busy`, naming who holds it, while something uses it. A dead mount is forced off, and taken off lazily only
 * if it has no block device: a device that is let go lazily may still be written to by somebody unseen.
 */
export async function unmount(exec: Exec, target: string): Promise<void> {
  const path = await canonical(target);
  for (let layer = 0; layer < mostLayers; layer++) {
    const mount = await mountAt(path);
    if (!mount) return;
    await unmountLayer(exec, path, mount);
  }
  fail('internal', `unmounting ${path}: still mounted after ${mostLayers} layers; see /proc/self/mountinfo`);
}

async function unmountLayer(exec: Exec, path: string, mount: MountEntry): Promise<void> {
  const { code, stderr } = await exec(['umount', '--no-canonicalize', '--', path], { ok: [0, 1, 32] });
  if (code === 0) return;
  if ((await mountAt(path))?.id !== mount.id) return;
  if (await isDead(path)) return forceOff(exec, path, mount);
  if (/busy/.test(stderr)) {
    fail('busy', `unmounting ${path}: it is in use${heldBy(await holdersOf(path))}; it comes off once that ends`);
  }
  fail('internal', `unmounting ${path}: ${stderr.trim()}`);
}

async function isDead(path: string): Promise<boolean> {
  try {
    await stat(path);
    return false;
  } catch (error) {
    return deadErrors.has((error as NodeJS.ErrnoException).code ?? '');
  }
}

async function forceOff(exec: Exec, path: string, mount: MountEntry): Promise<void> {
  const { code } = await exec(['umount', '--force', '--no-canonicalize', '--', path], { ok: [0, 1, 32] });
  if (code === 0) return;
  if (mount.source.startsWith('/dev/')) {
    fail('busy', `unmounting ${path}: ${mount.source} gives errors and is in use${heldBy(await holdersOf(path))}`);
  }
  await exec(['umount', '--lazy', '--no-canonicalize', '--', path]);
}

/** `major:minor` of a device number, as mountinfo and /sys/dev/block write it. */
export function deviceNumber(device: number | bigint): string {
  const number = BigInt(device);
  const major = ((number >> 8n) & 0xfffn) | ((number >> 32n) & 0xfffff000n);
  const minor = (number & 0xffn) | ((number >> 12n) & 0xffffff00n);
  return `${major}:${minor}`;
}
