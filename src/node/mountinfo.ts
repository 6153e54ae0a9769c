import { readFile, realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

/** One line of /proc/self/mountinfo, proc_pid_mountinfo(5), with its octal escapes undone. */
export interface MountEntry {
  readonly id: number;
  readonly parent: number;
  /** `major:minor` of the file system's device. */
  readonly device: string;
  /** The directory (or file) of the file system that is mounted: `/` unless it is a bind mount. */
  readonly root: string;
  readonly target: string;
  readonly options: readonly string[];
  readonly fsType: string;
  readonly source: string;
  readonly superOptions: readonly string[];
  /** True if this mount, or its file system, is read-only. */
  readonly readOnly: boolean;
}

/** Undoes the kernel's escapes of space, tab, newline, backslash and `#`: `\040` is a space. */
export function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

/** Parses the text of a mountinfo file; lines that it does not understand are left out. */
export function parseMountInfo(text: string): readonly MountEntry[] {
  return text.split('\n').flatMap((line) => parseLine(line) ?? []);
}

function parseLine(line: string): MountEntry | undefined {
  const [left = '', right] = line.split(' - ');
  if (right === undefined) return undefined;
  const [id = '', parent = '', device = '', root = '', target = '', options = ''] = left.split(' ');
  const [fsType = '', source = '', superOptions = ''] = right.split(' ');
  const mountOptions = options.split(',');
  const fsOptions = unescapeOctal(superOptions).split(',');
  return {
    id: Number(id),
    parent: Number(parent),
    device,
    root: unescapeOctal(root),
    target: unescapeOctal(target),
    options: mountOptions,
    fsType: unescapeOctal(fsType),
    source: unescapeOctal(source),
    superOptions: fsOptions,
    readOnly: mountOptions.includes('ro') || fsOptions.includes('ro'),
  };
}

/** All mounts that this process sees, oldest first; or those of another process. */
export async function readMounts(pid: number | 'self' = 'self'): Promise<readonly MountEntry[]> {
  return parseMountInfo(await readFile(`/proc/${pid}/mountinfo`, 'utf8'));
}

/** The topmost mount exactly at the path, or undefined. A symbolic link at the path itself is not followed. */
export async function mountAt(path: string): Promise<MountEntry | undefined> {
  const target = await canonical(path);
  return (await readMounts()).findLast((entry) => entry.target === target);
}

/** The path as the kernel prints it. Only the parent is resolved, so that a dead mount at the path does no harm. */
export async function canonical(path: string): Promise<string> {
  const whole = resolve(path);
  if (whole === '/') return whole;
  try {
    return join(await realpath(dirname(whole)), basename(whole));
  } catch {
    return whole;
  }
}

/**
 * Whether a mount is of the device: of its file system, or, for raw block, of the device node itself bound to a file. On
 * a node that is a container, nodes of devices are on a plain tmpfs.
 */
export function isMountOf(
  mount: MountEntry,
  { number, device }: { readonly number: string | undefined; readonly device: string },
): boolean {
  return mount.device === number || (mount.fsType.endsWith('tmpfs') && mount.root === device.slice('/dev'.length));
}
