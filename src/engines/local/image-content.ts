import { constants, copyFile, open, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { type ErrorCode, isCode } from '../../lib/errors.ts';
import type { Exec } from '../../lib/exec.ts';
import { fsTypes } from '../../model/filesystems/types.ts';
import { ext4Journal, type Range } from '../../node/filesystem/ext4-journal.ts';
import { deviceSize } from '../../node/filesystem/statistics.ts';
import { detachLoop, ensureLoop, listLoops, loopOf, mayBeOver, refreshLoop } from '../../node/loop.ts';
import { deviceNumber } from '../../node/mount.ts';
import { readMounts } from '../../node/mountinfo.ts';
import { syncFilesystem, syncPath } from '../../node/sync.ts';
import type { PoolFeatures } from '../engine.ts';
import type { Content } from '../shelves/content.ts';
import { directoryFeatures } from '../shelves/directories.ts';
import { allocate, allocateBelow, setSize } from './space.ts';

/** Volumes are devices: raw, or with a file system of their own. */
export const imageFeatures: PoolFeatures = {
  ...directoryFeatures,
  block: true,
  fsTypes,
  sizeEnforced: true,
};

/**
 * Each volume is a file, `data`, on a file system that can share extents; attached, it is a loop device with direct
 * I/O. Copies share all extents with their source, and cost no time or space for the data; but those of thick volumes
 * share nothing. `below` is the image that all of them are in, if that one takes its space from the disk as it is used.
 */
export function imageContent(exec: Exec, sectorSize: number, below?: string): Content {
  const take = (file: string, parts: readonly Range[]) =>
    below === undefined ? allocate(exec, file, parts) : allocateBelow(exec, file, parts, below);
  const ensureSize = async (file: string, size: bigint, provisioning: 'thin' | 'thick') => {
    const present = await stat(file, { bigint: true });
    if (provisioning === 'thick' && size > 0n) {
      await take(file, present.blocks * 512n < size ? [{ offset: 0n, length: size }] : []);
    } else if (present.size < size) await setSize(file, size);
  };
  return {
    backend: 'image',
    features: imageFeatures,

    async fill(directory, { size, provisioning, source }) {
      const file = dataFile(directory);
      if (source === undefined) await (await open(file, 'wx', 0o600)).close();
      else if (provisioning === 'thick') await copyWhole(exec, dataFile(source), file);
      else await copyFile(dataFile(source), file, constants.COPYFILE_FICLONE_FORCE);
      await ensureSize(file, size, provisioning);
    },

    async grow(directory, size, provisioning) {
      const file = dataFile(directory);
      await ensureSize(file, size, provisioning);
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

    async secure(directory, { device, fsType }) {
      // XFS takes the space of its log by itself, but not that below. Not every file system can give it beforehand.
      const journal = fsType === 'ext4' ? await ext4Journal(device) : [];
      await take(dataFile(directory), journal).catch(unless('unsupported'));
    },

    async attach(directory, { readOnly, provisioning }) {
      const file = dataFile(directory);
      // What an application gave back (fstrim, discard) is taken again, but for want of it nobody loses access.
      if (provisioning === 'thick')
        await ensureSize(file, BigInt((await stat(file)).size), 'thick').catch(unless('exhausted'));
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

function unless(code: ErrorCode): (error: unknown) => void {
  return (error) => {
    if (!isCode(error, code)) throw error;
  };
}

/** A copy that shares nothing with its source, which may be written to meanwhile: what is shared has to be taken anew. */
async function copyWhole(exec: Exec, source: string, file: string): Promise<void> {
  const shared = `${file}.shared`;
  await copyFile(source, shared, constants.COPYFILE_FICLONE_FORCE);
  await exec(['cp', '--reflink=never', '--sparse=always', '--', shared, file], { timeout: 24 * 3_600_000 });
  await rm(shared);
}
