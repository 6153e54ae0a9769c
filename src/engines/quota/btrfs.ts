import { readdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, isCode, messageOf } from '../../lib/errors.ts';
import type { Exec } from '../../lib/exec.ts';
import { runTool } from '../../node/tools.ts';

/** BTRFS_SUPER_MAGIC of statfs(2). */
const btrfsMagic = 0x9123683e;
/** BTRFS_FIRST_FREE_OBJECTID: the inode number of the root of every subvolume. */
const subvolumeInode = 256;

const longest = 3_600_000;

/** What a subvolume holds, shared with others or not, and what it may hold. Bytes. */
export interface Limits {
  readonly referenced: bigint;
  /** Undefined if it may hold anything. */
  readonly most: bigint | undefined;
}

/** Whether the directory is on a btrfs. */
export async function isOnBtrfs(directory: string): Promise<boolean> {
  return (await statfs(directory)).type === btrfsMagic;
}

/** Ensures that the file system counts what each subvolume holds, and that the counts are right. */
export async function enableQuotas(exec: Exec, directory: string): Promise<void> {
  if (await readLimits(exec, directory).catch(() => undefined)) return;
  await btrfs(exec, ['quota', 'enable', directory]);
  await btrfs(exec, ['quota', 'rescan', '-w', directory]);
}

/** Whether the path is the root of a subvolume. */
export async function isSubvolume(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isDirectory() === true && found.ino === subvolumeInode;
}

/** Makes a subvolume: an empty one, or a copy of another as of this moment, for the cost of none of its bytes. */
export async function makeSubvolume(exec: Exec, path: string, source?: string): Promise<void> {
  await btrfs(exec, source === undefined ? ['subvolume', 'create', path] : ['subvolume', 'snapshot', source, path]);
}

/** Removes a subvolume, and those that programs have made inside of it. Its space comes back a little later. */
export async function removeSubvolume(exec: Exec, path: string): Promise<void> {
  const remove = () => btrfs(exec, ['subvolume', 'delete', path]);
  await remove().catch(async (error: unknown) => {
    // To look for them takes a walk through all of it, which few volumes need.
    const inside = await subvolumesIn(path);
    if (inside.length === 0) throw error;
    for (const inner of inside) await removeSubvolume(exec, inner);
    await remove();
  });
}

/** Bounds what the subvolume may hold. */
export async function limitSubvolume(exec: Exec, path: string, bytes: bigint): Promise<void> {
  await btrfs(exec, ['qgroup', 'limit', String(bytes), path]);
}

/** What the subvolume that a directory is in holds, as of the last few seconds. Throws if nothing counts it. */
export async function readLimits(exec: Exec, path: string): Promise<Limits> {
  const { stdout } = await btrfs(exec, ['qgroup', 'show', '-rf', '--raw', path]);
  return parseLimits(stdout) ?? fail('internal', `${path}: btrfs does not count what is in it: ${stdout.trim()}`);
}

/** The one line of `btrfs qgroup show -rf --raw PATH` with numbers. */
export function parseLimits(text: string): Limits | undefined {
  const [, referenced, most] = /^0\/\d+\s+(\d+)\s+\d+\s+(\d+|none)\b/m.exec(text) ?? [];
  if (referenced === undefined) return undefined;
  return { referenced: BigInt(referenced), most: most === 'none' || most === undefined ? undefined : BigInt(most) };
}

/** Subvolumes below a path, found by going there, since what lists them wants to start at the file system's top. */
async function subvolumesIn(path: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const inner = join(path, entry.name);
    if (await isSubvolume(inner)) found.push(inner);
    else found.push(...(await subvolumesIn(inner)));
  }
  return found;
}

async function btrfs(exec: Exec, args: readonly string[]) {
  try {
    return await runTool(exec, ['btrfs', ...args], { timeout: longest });
  } catch (error) {
    if (isCode(error, 'unsupported')) throw error;
    const full = /No space left|quota exceeded/i.test(messageOf(error));
    return fail(full ? 'exhausted' : 'internal', messageOf(error), error);
  }
}
