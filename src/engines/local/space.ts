import { stat, truncate } from 'node:fs/promises';
import { fail } from '../../lib/errors.ts';
import type { Exec } from '../../lib/exec.ts';
import { formatBytes } from '../../model/quantity.ts';
import type { Range } from '../../node/filesystem/ext4-journal.ts';
import { runTool } from '../../node/tools.ts';

const longest = 3_600_000;

/** Gives a file that size, without taking space for it. Throws `invalid` where the file system has no such large files. */
export async function setSize(file: string, size: bigint): Promise<void> {
  await truncate(file, Number(size)).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EFBIG') throw error;
    fail('invalid', `${file} can't have ${formatBytes(size)}: the file system that it is on has no such large files`);
  });
}

/** As many commands as one command line certainly takes. */
const mostCommands = 1_000;

/**
 * Takes the space of parts of a file, growing the file where it ends before one. What is written there stays. Throws
 * `exhausted`, or `unsupported` where the file system can't.
 */
export async function allocate(exec: Exec, file: string, parts: readonly Range[]): Promise<void> {
  for (let from = 0; from < parts.length; from += mostCommands) {
    await xfsIo(exec, file, parts.slice(from, from + mostCommands).map(falloc));
  }
}

function falloc({ offset, length }: Range): string {
  return `falloc ${offset} ${length}`;
}

/** Runs commands of xfs_io(8), which knows the files of other file systems as well, and returns what it prints. */
async function xfsIo(exec: Exec, file: string, commands: readonly string[]): Promise<string> {
  const argv = ['xfs_io', ...commands.flatMap((command) => ['-c', command]), file] as const;
  const { code, stdout, stderr } = await runTool(exec, argv, { ok: [0, 1], timeout: longest });
  if (code === 0) return stdout;
  const why = /No space left|quota/.test(stderr)
    ? 'exhausted'
    : /not supported/.test(stderr)
      ? 'unsupported'
      : 'internal';
  return fail(why, `taking space for ${file}: ${stderr.trim()}`);
}

/** Whether all of a file's bytes have space of their own. */
export async function isWhole(file: string): Promise<boolean> {
  const { size, blocks } = await stat(file, { bigint: true });
  return blocks * 512n >= size;
}

/**
 * Takes the space of a few parts of a file; and, in the image that the file's file system is in, of all that the file has
 * space for but nobody has written to yet: what is written has its space. So nothing else on the disk below can fill it.
 * Throws `exhausted`.
 */
export async function allocateBelow(exec: Exec, file: string, parts: readonly Range[], image: string): Promise<void> {
  if (await isWhole(image)) await allocate(exec, file, parts);
  else await allocate(exec, image, parseUnwritten(await xfsIo(exec, file, [...parts.map(falloc), 'fiemap -v'])));
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
