import { join } from 'node:path';
import type { Exec } from '../../lib/exec.ts';
import { filesystemStatistics } from '../../node/filesystem/statistics.ts';
import type { PoolFeatures } from '../engine.ts';
import type { Content } from '../shelves/content.ts';
import { directoryFeatures, mountInside } from '../shelves/directories.ts';
import { isSubvolume, limitSubvolume, makeSubvolume, readLimits, removeSubvolume } from './btrfs.ts';

/** Volumes are directories whose size is kept, and whose copies cost nothing. */
export const subvolumeFeatures: PoolFeatures = { ...directoryFeatures, sizeEnforced: true };

/**
 * Each volume is a subvolume, `data`, of a btrfs that counts what each of them holds and refuses more than its size.
 * Snapshots and clones share all bytes with their source. It is as quick as that file system.
 */
export function subvolumeContent(exec: Exec): Content {
  const attached = async (directory: string) => ({ kind: 'directory', path: dataOf(directory) }) as const;
  return {
    backend: 'subvolume',
    features: subvolumeFeatures,

    async fill(directory, { size, source }) {
      await makeSubvolume(exec, dataOf(directory), source && dataOf(source));
      await limitSubvolume(exec, dataOf(directory), size);
    },

    grow: (directory, size) => limitSubvolume(exec, dataOf(directory), size),

    async measure(directory) {
      const { most, referenced } = await readLimits(exec, dataOf(directory));
      return { size: most ?? 0n, used: referenced };
    },

    // Taking a snapshot brings what was written along.
    settle: async () => {},
    blank: async () => {},
    secure: async () => {},
    attach: attached,
    attached: async (directory) => ((await isSubvolume(dataOf(directory))) ? attached(directory) : undefined),
    detach: async () => {},
    inUse: async (directory) => mountInside(dataOf(directory)),

    async usage(directory) {
      const data = dataOf(directory);
      const [{ most, referenced }, below] = await Promise.all([readLimits(exec, data), filesystemStatistics(data)]);
      const total = most ?? below.total;
      const left = total > referenced ? total - referenced : 0n;
      return { total, used: referenced, available: left < below.available ? left : below.available };
    },

    async clear(directory) {
      if (await isSubvolume(dataOf(directory))) await removeSubvolume(exec, dataOf(directory));
    },
  };
}

function dataOf(directory: string): string {
  return join(directory, 'data');
}
