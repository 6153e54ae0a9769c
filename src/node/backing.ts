import { stat } from 'node:fs/promises';
import * as z from 'zod';
import { isCode } from '../lib/errors.ts';
import type { Exec } from '../lib/exec.ts';
import { deviceNumber } from './mount.ts';
import { runTool } from './tools.ts';

/** What is behind a loop device, as the kernel sees it, whatever path it had. */
export interface Backing {
  readonly inode: string;
  /** `major:minor` of the file system that the file is on. */
  readonly filesystem: string;
}

/** Whether the loop device is over that very file. */
export async function isBehind(exec: Exec, device: string, file: string): Promise<boolean> {
  const seen = await statOf(file);
  const behind = seen && (await readBacking(exec, device));
  if (!seen || !behind) return false;
  return behind.inode === seen.ino.toString() && behind.filesystem === deviceNumber(seen.dev);
}

/** Whether the file of the loop device, which may be deleted, is on the file system of a directory. */
export async function isOnFilesystemOf(exec: Exec, device: string, directory: string): Promise<boolean> {
  const seen = await statOf(directory);
  const behind = seen && (await readBacking(exec, device));
  return behind !== undefined && seen !== undefined && behind.filesystem === deviceNumber(seen.dev);
}

/** Whether the loop device does not tell what is behind it, as over a file of a file system that is dead. */
export async function isSilent(exec: Exec, device: string): Promise<boolean> {
  return (await readBacking(exec, device)) === undefined;
}

function statOf(path: string) {
  return stat(path, { bigint: true }).catch(() => undefined);
}

/** A kernel that is asked for a file on a file system that hangs gives no answer at all. */
const longestAnswer = 5_000;

/**
 * What is behind a loop device, or undefined if it does not tell. Since a file that can be looked at is told of, one
 * that does not tell is over another file than any that can: one of a file system that is dead or hangs, or one that
 * this user may not ask about.
 */
async function readBacking(exec: Exec, device: string): Promise<Backing | undefined> {
  const argv = ['losetup', '--list', '--json', '--output', 'BACK-INO,BACK-MAJ:MIN', device] as const;
  try {
    const { code, stdout } = await runTool(exec, argv, { ok: [0, 1], timeout: longestAnswer });
    return code === 0 ? backingOf(stdout) : undefined;
  } catch (error) {
    if (isCode(error, 'timeout')) return undefined;
    throw error;
  }
}

/** What the output of `losetup --list --json` for one device means; undefined if it says nothing, or in no such words. */
export function backingOf(text: string): Backing | undefined {
  const answer = losetupList.safeParse(parse(text));
  const [loop] = answer.data?.loopdevices ?? [];
  const { 'back-ino': inode, 'back-maj:min': filesystem } = loop ?? {};
  if (inode === undefined || inode === null || !filesystem?.trim()) return undefined;
  return { inode: inode.toString(), filesystem: filesystem.trim() };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const losetupList = z.object({
  loopdevices: z
    .array(
      z.object({
        'back-ino': z.union([z.number(), z.string()]).nullish(),
        'back-maj:min': z.string().nullish(),
      }),
    )
    .nullish(),
});
