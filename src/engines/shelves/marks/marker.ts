import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { makeDirectory } from '../../../lib/directories.ts';
import { fail } from '../../../lib/errors.ts';
import { replaceFile } from '../../../node/records.ts';

const markerSchema = z.object({
  version: z.literal(1),
  engine: z.string().default('local'),
  pool: z.string(),
  uid: z.string(),
  /** UUID of the file system that Moorage made, if the pool was adopted since; else it is the pool's uid. */
  filesystem: z.string().optional(),
  /** How the engine keeps the data there. Decided once, when the pool is made. */
  layout: z.string(),
  /** Why that layout, for people. */
  why: z.string(),
  /** Of the loop devices, in bytes. */
  sectorSize: z.number().int(),
  /** False until the file system that the layout needs has been made whole. */
  made: z.boolean(),
  /** The disk, by what the system knows it by, whose content was given up for the pool when it was made. */
  wiped: z.string().optional(),
});
export type Marker = Readonly<z.infer<typeof markerSchema>>;

/** The file that says that a directory is a pool of Moorage's, and which. */
export const markerName = 'moorage-pool.json';

// What our own beginnings leave when they are cut off.
const ownBeginnings = ['.new', '.probe', '.probe-copy'].map((ending) => `${markerName}${ending}`);

/** The marker in a directory, or undefined if it has none. Throws `corrupted` if it can't be read. */
export async function findMarker(base: string): Promise<Marker | undefined> {
  const path = join(base, markerName);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  try {
    return markerSchema.parse(JSON.parse(text));
  } catch (cause) {
    return fail('corrupted', `${path} is damaged or of a newer Moorage; nothing was changed`, cause);
  }
}

/**
 * The marker of a pool's directory, or undefined if the directory is empty and may become one. Throws `in-use` if it
 * holds anything else, and `corrupted` if the marker can't be read.
 */
export async function readMarker(base: string): Promise<Marker | undefined> {
  const found = await findMarker(base);
  if (found) return found;
  const others = await foreignEntries(base);
  if (others.length > 0) {
    const names = `${others.slice(0, 3).join(', ')}${others.length > 3 ? ' …' : ''}`;
    fail('in-use', `${base} is not empty (${names}) and was not made by Moorage; choose an empty directory`);
  }
  return undefined;
}

/** What is in the directory, but for lost+found, which a file system has by itself, if nothing was put there. */
async function foreignEntries(base: string): Promise<readonly string[]> {
  const found = (await readdir(base)).filter((entry) => !ownBeginnings.includes(entry));
  const rescued = found.includes('lost+found') ? await readdir(join(base, 'lost+found')).catch(() => []) : [];
  return found.flatMap((entry) => (entry === 'lost+found' ? rescued.map((it) => `${entry}/${it}`) : entry));
}

/** What links to the disk that a pool is on, if it is on one. */
export function diskLink({ layout, filesystem, uid }: Marker): string | undefined {
  return layout === 'disk' ? `/dev/disk/by-uuid/${filesystem ?? uid}` : undefined;
}

/** Durable when it returns. */
export async function writeMarker(base: string, marker: Marker): Promise<Marker> {
  await replaceFile(join(base, markerName), `${JSON.stringify(marker, undefined, 2)}\n`);
  return marker;
}

/** Ensures the pool's directory. Only its last part is made: a missing parent may be a disk that is not mounted. */
export async function ensureBase(base: string, ownParent: boolean): Promise<void> {
  const making = ownParent ? makeDirectory(base, 0o700) : mkdir(base, { mode: 0o700 });
  await making.catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EEXIST') return;
    if (error.code === 'ENOENT') {
      fail('not-found', `${base} does not exist, and neither does the directory above it: is a disk not mounted?`);
    }
    fail('permission', `making the pool's directory ${base}: ${error.message}`);
  });
}
