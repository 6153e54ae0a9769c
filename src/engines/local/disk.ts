import { constants } from 'node:fs';
import { open, readFile, stat } from 'node:fs/promises';
import { fail } from '../../lib/errors.ts';
import type { Exec } from '../../lib/exec.ts';
import type { Pool } from '../../model/kinds/moorage.ts';
import { probeWholly } from '../../node/filesystem/blank.ts';
import { deviceSize } from '../../node/filesystem/statistics.ts';
import { deviceNumber } from '../../node/mount.ts';
import { runTool } from '../../node/tools.ts';

/**
 * Makes sure that a disk may become a pool: that it is blank, or that the pool says by name that it may be wiped, which
 * counts once. Returns the disk's identity if it is to be wiped. Throws `in-use`, and changes nothing.
 */
export async function checkDisk(
  exec: Exec,
  disk: string,
  { metadata, spec, status }: Pool,
  signal?: AbortSignal,
): Promise<string | undefined> {
  await checkUnused(disk);
  const content = await probeWholly(exec, disk, signal);
  if (content.kind === 'blank') return undefined;
  const what = content.kind === 'foreign' ? content.what : `${content.fsType} ${content.label}`.trim();
  const used = status?.nodes?.find(({ wiped }) => wiped !== undefined)?.wiped;
  if (spec.wipe === undefined || spec.wipe !== spec.path) {
    const remedy = `if it may go, say so by name: spec.wipe: "${spec.path ?? disk}" in pool ${metadata.name}`;
    return fail('in-use', `${disk} holds ${what}; Moorage takes only blank disks: ${remedy}`);
  }
  if (used !== undefined) {
    fail(
      'in-use',
      `${disk} holds ${what}; spec.wipe was for ${used}, which was wiped: make another pool for this disk`,
    );
  }
  return identityOf(disk);
}

/**
 * Takes away what tools know a disk's content by. Throws `in-use` if it is not the disk that was allowed to be wiped,
 * or something uses it.
 */
export async function wipeDisk(exec: Exec, disk: string, identity: string): Promise<void> {
  const found = await identityOf(disk);
  if (found !== identity) {
    fail(
      'in-use',
      `${disk} is another disk (${found}) than the one that may be wiped (${identity}); it was left alone`,
    );
  }
  await checkUnused(disk);
  await runTool(exec, ['wipefs', '--all', '--quiet', disk]);
}

/** The kernel gives a disk exclusively only if neither it nor a partition of it is mounted, or part of another device. */
async function checkUnused(disk: string): Promise<void> {
  try {
    await using _ = await open(disk, constants.O_RDONLY | constants.O_EXCL);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code !== 'EBUSY') fail('internal', `looking at ${disk}: ${message}`, cause);
    fail(
      'in-use',
      `${disk}, or a partition of it, is mounted or part of another device; "lsblk ${disk}" shows of which`,
    );
  }
}

/** What the system tells a disk from another one by: serial number or file, and size. */
async function identityOf(disk: string): Promise<string> {
  const directory = `/sys/dev/block/${deviceNumber((await stat(disk)).rdev)}`;
  const read = async (name: string) => (await readFile(`${directory}/${name}`, 'utf8').catch(() => '')).trim();
  const known = await Promise.all(['wwid', 'device/wwid', 'serial', 'device/serial', 'loop/backing_file'].map(read));
  const name = known.find((it) => it !== '') ?? disk;
  return `${name}, ${await deviceSize(disk)} bytes`;
}
