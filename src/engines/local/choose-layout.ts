import { constants, copyFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, isCode } from '../../lib/errors.ts';
import type { Exec } from '../../lib/exec.ts';
import { runTool } from '../../node/tools.ts';
import { markerName } from '../shelves/marks/marker.ts';

/**
 * How a pool keeps its data: `image` is an XFS in a file, `disk` an XFS on a whole disk, `reflink` a directory whose file
 * system can share extents, `directory` any directory.
 */
export type Layout = 'image' | 'disk' | 'reflink' | 'directory';

export interface Choice {
  readonly layout: Layout;
  readonly why: string;
}

/** What a look at the machine and at the pool's place found. */
export interface Findings {
  readonly backend: 'auto' | 'image' | 'directory';
  /** Whether the place is a disk, rather than a directory. */
  readonly disk: boolean;
  /** Why loop devices can't be used here, or undefined. */
  readonly noLoop: string | undefined;
  /** Whether the directory's file system can share extents between files. */
  readonly reflink: boolean;
}

/** Chooses, and says why. Pure. Throws `permission` if the wish can't be met on this machine. */
export function chooseLayout({ backend, disk, noLoop, reflink }: Findings): Choice {
  if (backend === 'directory' && disk) fail('invalid', 'a disk can only back a pool with the image backend');
  if (backend === 'directory') return { layout: 'directory', why: 'spec.backend asks for it' };
  if (noLoop !== undefined) {
    if (backend === 'image' || disk) fail('permission', `the image backend is not possible here: ${noLoop}`);
    return { layout: 'directory', why: `block volumes are not possible here: ${noLoop}` };
  }
  if (disk) return { layout: 'disk', why: 'the pool is a whole disk, on which Moorage made an XFS' };
  if (reflink) return { layout: 'reflink', why: 'its file system can share extents between files' };
  return { layout: 'image', why: 'its file system can not share extents, so Moorage made an XFS in a file there' };
}

/** Why this process can't use loop devices, or undefined if it can. */
export async function whyNoLoop(exec: Exec): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'loop devices and mounts need root, and Moorage runs as an ordinary user';
  const control = await stat('/dev/loop-control').catch(() => undefined);
  if (!control) return 'the kernel has no loop devices (/dev/loop-control is missing)';
  try {
    await runTool(exec, ['losetup', '--version']);
    return undefined;
  } catch (error) {
    if (isCode(error, 'unsupported')) return error.message;
    throw error;
  }
}

/** Whether the directory's file system can share extents between files: tried, with two small files. */
export async function probeReflink(base: string): Promise<boolean> {
  // Named like the marker, so that what a crash leaves does not make the directory look foreign.
  const one = join(base, `${markerName}.probe`);
  const other = `${one}-copy`;
  try {
    await writeFile(one, Buffer.alloc(8192, 1));
    await copyFile(one, other, constants.COPYFILE_FICLONE_FORCE);
    return true;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (['EOPNOTSUPP', 'ENOTSUP', 'ENOSYS', 'ENOTTY', 'EINVAL', 'EXDEV'].includes(code)) return false;
    throw error;
  } finally {
    await Promise.all([rm(one, { force: true }), rm(other, { force: true })]);
  }
}
