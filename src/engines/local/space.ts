import { stat, truncate } from 'node:fs/promises';
import { fail } from '../../lib/errors.ts';
import type { Exec } from '../../lib/exec.ts';
import { formatBytes } from '../../model/quantity.ts';
import type { Range } from '../../node/ext4-journal.ts';
import { runTool } from '../../node/tools.ts';

const longest = 3_600_000;

/** Gives a file that size, without taking space for it. Throws `invalid` where the file system has no such large files. */
export async function setSize(file: string, size: bigint): Promise<void> {
  await truncate(file, Number(size)).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EFBIG') throw error;
    fail('invalid', `${file} can't have ${formatBytes(size)}: the file system that it is on has no such large files`);
  });
}

/**
 * Takes the space of a part of a file, growing the file where it ends before that. What is written there stays. Throws
 * `exhausted`, or `unsupported` where the file system can't.
 */
export async function allocate(exec: Exec, file: string, { offset, length }: Range): Promise<void> {
  const part = ['--offset', offset.toString(), '--length', length.toString()];
  const { code, stderr } = await runTool(exec, ['fallocate', ...part, file], { ok: [0, 1], timeout: longest });
  if (code === 0) return;
  const why = /No space left|quota/.test(stderr)
    ? 'exhausted'
    : /not supported/.test(stderr)
      ? 'unsupported'
      : 'internal';
  fail(why, `taking ${formatBytes(length)} of space for ${file}: ${stderr.trim()}`);
}

/** Whether all of a file's bytes have space of their own. */
export async function isWhole(file: string): Promise<boolean> {
  const { size, blocks } = await stat(file, { bigint: true });
  return blocks * 512n >= size;
}

/**
 * Takes the space, in the image that a file's file system is in, of all that the file has space for but nobody has
 * written to yet: what is written has its space. So nothing else on the disk below can fill it. Throws `exhausted`.
 */
export async function allocateBelow(exec: Exec, file: string, image: string): Promise<void> {
  if (await isWhole(image)) return;
  for (const range of await unwrittenExtents(exec, file)) await allocate(exec, image, range);
}

/** Where on its device the extents of a file are that nobody has written to. */
async function unwrittenExtents(exec: Exec, file: string): Promise<readonly Range[]> {
  const { stdout } = await runTool(exec, ['xfs_io', '-r', '-c', 'fiemap -v', file], { timeout: longest });
  return parseUnwritten(stdout);
}

const sector = 512n;
/** FIEMAP_EXTENT_UNWRITTEN. https://docs.kernel.org/filesystems/fiemap.html */
const unwritten = 0x800;

/** What `xfs_io -c "fiemap -v"` prints, in sectors; neighbours are one. */
export function parseUnwritten(text: string): readonly Range[] {
  const found: Range[] = [];
  for (const [, first = '', last = '', flags = ''] of text.matchAll(
    /^\s*\d+: \[\d+\.\.\d+\]:\s+(\d+)\.\.(\d+)\s+\d+\s+0x([0-9a-f]+)\s*$/gm,
  )) {
    if ((Number.parseInt(flags, 16) & unwritten) === 0) continue;
    const offset = BigInt(first) * sector;
    const length = (BigInt(last) + 1n) * sector - offset;
    const before = found.at(-1);
    if (before && before.offset + before.length === offset) {
      found[found.length - 1] = { offset: before.offset, length: before.length + length };
    } else found.push({ offset, length });
  }
  return found;
}
