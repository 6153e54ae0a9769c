import { constants, copyFile, open, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { fail } from '../../lib/errors.ts';
import type { Exec } from '../../lib/exec.ts';
import { formatBytes } from '../../model/quantity.ts';
import { detachLoop, ensureLoop, listLoops, loopOf, mayBeOver, refreshLoop } from '../../node/loop.ts';
import { deviceNumber } from '../../node/mount.ts';
import { readMounts } from '../../node/mountinfo.ts';
import { deviceSize } from '../../node/statistics.ts';
import { syncFilesystem, syncPath } from '../../node/sync.ts';
import { runTool } from '../../node/tools.ts';
import type { Content } from './content.ts';

/**
 * Each volume is a file, `data`, on a file system that can share extents; attached, it is a loop device with direct
 * I/O. Copies share all extents with their source, and cost no time or space for the data.
 */
export function imageContent(exec: Exec, sectorSize: number): Content {
  return {
    backend: 'image',

    async fill(directory, { size, provisioning, source }) {
      const file = dataFile(directory);
      if (source === undefined) await (await open(file, 'wx', 0o600)).close();
      else await copyFile(dataFile(source), file, constants.COPYFILE_FICLONE_FORCE);
      await ensureSize(exec, file, size, provisioning);
    },

    async grow(directory, size, provisioning) {
      const file = dataFile(directory);
      await ensureSize(exec, file, size, provisioning);
      const device = await loopOf(exec, file);
      if (device && (await deviceSize(device)) < BigInt((await stat(file)).size)) await refreshLoop(exec, device);
    },

    async measure(directory) {
      const { size, blocks } = await stat(dataFile(directory), { bigint: true });
      return { size, used: blocks * 512n };
    },

    async settle(directory) {
      const device = await loopOf(exec, dataFile(directory));
      if (!device) return;
      const number = deviceNumber((await stat(device)).rdev);
      const mount = (await readMounts()).find((it) => it.device === number);
      if (mount) await syncFilesystem(exec, mount.target);
      // A raw block device has a cache of its own.
      await syncPath(device);
    },

    async blank(directory, size) {
      const file = dataFile(directory);
      // First: an mkfs that outlived us still has the device open, and then this throws.
      await detachLoop(exec, file);
      await truncate(file, 0);
      await truncate(file, Number(size));
    },

    async attach(directory, { readOnly }) {
      const file = dataFile(directory);
      const { device: path, isNew } = await ensureLoop(exec, file, { readOnly, sectorSize });
      const { size, blocks } = await stat(file);
      // A crash may have come between the growth of the file and that of the device.
      if ((await deviceSize(path)) < BigInt(size)) await refreshLoop(exec, path);
      return { kind: 'device', path, untouched: isNew && blocks === 0 };
    },

    async attached(directory) {
      const path = await loopOf(exec, dataFile(directory));
      return path === undefined ? undefined : { kind: 'device', path };
    },

    detach: (directory) => detachLoop(exec, dataFile(directory)),

    async inUse(directory) {
      // By path alone, which errs on the safe side and starts no program.
      const file = dataFile(directory);
      const loop = listLoops().find((it) => mayBeOver(it, file) && !it.deleted);
      return loop && `it is attached as ${loop.device}`;
    },
  };
}

function dataFile(directory: string): string {
  return join(directory, 'data');
}

async function ensureSize(exec: Exec, file: string, size: bigint, provisioning: 'thin' | 'thick'): Promise<void> {
  const present = await stat(file, { bigint: true });
  if (provisioning === 'thick' && size > 0n && present.blocks * 512n < size) await allocate(exec, file, size);
  else if (present.size < size) await setSize(file, size);
}

/** Gives a file that size, without taking space for it. Throws `invalid` where the file system has no such large files. */
export async function setSize(file: string, size: bigint): Promise<void> {
  await truncate(file, Number(size)).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EFBIG') throw error;
    fail('invalid', `${file} can't have ${formatBytes(size)}: the file system that it is on has no such large files`);
  });
}

/** Takes the space of a file's first bytes, growing it where it is smaller. Throws `exhausted`. */
export async function allocate(exec: Exec, file: string, size: bigint): Promise<void> {
  const { code, stderr } = await runTool(exec, ['fallocate', '--length', size.toString(), file], {
    ok: [0, 1],
    timeout: 3_600_000,
  });
  if (code === 0) return;
  const full = /No space left/.test(stderr);
  fail(full ? 'exhausted' : 'internal', `taking ${size} bytes for ${file}: ${stderr.trim()}`);
}
