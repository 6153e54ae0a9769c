import { rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Exec } from '../../lib/exec.ts';
import type { Pool } from '../../model/kinds/moorage.ts';
import { bytesOf } from '../../model/quantity.ts';
import { filesystemStatistics } from '../../node/filesystem/statistics.ts';
import type { PoolCapacity } from '../engine.ts';
import type { PoolStore } from '../shelves/backend.ts';
import { closeXfs, growImage, type XfsStore } from './xfs-store.ts';

/** An XFS that was made for the pool, on a disk or in a file. */
export function xfsStore(exec: Exec, xfs: XfsStore, base: string): PoolStore {
  const { root, device, image } = xfs;
  return {
    root,
    device,
    room: image === undefined ? [root] : [root, base],
    capacity: () => (image === undefined ? filesystemStatistics(root) : imageCapacity(root, image)),
    grow: (wish) => growImage(exec, xfs, sizeOf(wish)),
    close: () => closeXfs(exec, xfs),
    async remove() {
      if (image !== undefined) await rm(image, { force: true });
    },
  };
}

/** The sizes that a pool's spec asks for. */
export function sizeOf({ spec }: Pool): { size: bigint | undefined; preallocate: boolean } {
  return { size: spec.size === undefined ? undefined : bytesOf(spec.size), preallocate: spec.preallocate };
}

/** The size of a sparse image is only a promise of the file system below: what that one can still give counts. */
async function imageCapacity(root: string, image: string): Promise<PoolCapacity> {
  const own = await filesystemStatistics(root);
  const { size, blocks } = await stat(image, { bigint: true });
  const below = await filesystemStatistics(dirname(image));
  const holes = size > blocks * 512n ? size - blocks * 512n : 0n;
  // Only the holes need space from below: what the image has is already its own.
  const lacking = holes > below.available ? holes - below.available : 0n;
  const available = own.available > lacking ? own.available - lacking : 0n;
  return { total: own.used + available, used: own.used, available };
}
