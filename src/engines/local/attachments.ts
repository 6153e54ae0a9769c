import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { listLoops } from '../../node/loop.ts';
import { deviceNumber } from '../../node/mount.ts';
import { readMounts } from '../../node/mountinfo.ts';
import type { Artifact, EngineRef } from '../engine.ts';
import type { LocalPool } from './pool.ts';

/** A loop device over a file of a pool. */
export interface LocalAttachment extends EngineRef {
  readonly kind: Artifact['kind'];
  readonly device: string;
  /** Where its file system, or the device itself, is mounted. */
  readonly targets: readonly string[];
  /** True if the file is no more. */
  readonly deleted: boolean;
}

/** The loop devices over files of the pools, whoever attached them, from the system itself. */
export async function findAttachments(pools: readonly LocalPool[]): Promise<readonly LocalAttachment[]> {
  const mounts = await readMounts();
  const found: LocalAttachment[] = [];
  for (const { device, file, deleted } of listLoops()) {
    const shelf = dirname(dirname(file));
    for (const pool of pools) {
      const kind =
        shelf === pool.volumes.directory ? 'volume' : shelf === pool.snapshots.directory ? 'snapshot' : undefined;
      if (!kind) continue;
      const number = deviceNumber((await stat(device)).rdev);
      const node = device.slice('/dev'.length);
      const targets = mounts
        .filter((mount) => mount.device === number || (mount.fsType === 'devtmpfs' && mount.root === node))
        .map(({ target }) => target);
      found.push({ kind, pool: pool.name, name: basename(dirname(file)), device, targets, deleted });
    }
  }
  return found;
}
