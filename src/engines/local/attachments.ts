import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Exec } from '../../lib/exec.ts';
import { isBehind, isOnFilesystemOf, isSilent } from '../../node/backing.ts';
import { type Loop, listLoops, mayBeOver } from '../../node/loop.ts';
import { deviceNumber } from '../../node/mount.ts';
import { isMountOf, readMounts } from '../../node/mountinfo.ts';
import type { Artifact, Attachment } from '../engine.ts';
import type { Shelves } from '../shelves/backend.ts';

/** The loop devices over files of the pools, whoever attached them, from the system itself. */
export async function findAttachments(exec: Exec, pools: readonly Shelves[]): Promise<readonly Attachment[]> {
  const mounts = await readMounts();
  const found: Attachment[] = [];
  for (const loop of listLoops()) {
    const { device, file, deleted } = loop;
    for (const pool of pools) {
      const kind = await kindOf(exec, loop, pool);
      if (!kind) continue;
      // Without a node here, as in a container, nothing here has mounted it.
      const seen = await stat(device).catch(() => undefined);
      const number = seen && deviceNumber(seen.rdev);
      const targets = mounts.filter((mount) => isMountOf(mount, { number, device })).map(({ target }) => target);
      found.push({ kind, pool: pool.name, name: basename(dirname(file)), device, targets, deleted });
    }
  }
  return found;
}

/**
 * What the loop device is over, if that is of the pool. The path alone does not tell: loop devices are of the whole
 * machine, and nodes that are containers may each have a pool of the same name at the same path.
 */
async function kindOf(exec: Exec, loop: Loop, pool: Shelves): Promise<Artifact['kind'] | undefined> {
  const { device, file, deleted } = loop;
  for (const [kind, shelf] of [
    ['volume', pool.volumes.directory],
    ['snapshot', pool.snapshots.directory],
  ] as const) {
    const whole = join(shelf, basename(dirname(file)), basename(file));
    if (!mayBeOver(loop, whole)) continue;
    if (pool.dead && (await isSilent(exec, device))) return kind;
    if (await (deleted ? isOnFilesystemOf(exec, device, shelf) : isBehind(exec, device, whole))) return kind;
  }
  return undefined;
}
