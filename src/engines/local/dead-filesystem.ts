import { stat } from 'node:fs/promises';
import { fail } from '../../lib/errors.ts';
import type { Exec } from '../../lib/exec.ts';
import { detachDevice } from '../../node/loop.ts';
import { deviceNumber, unmount, unmountAt } from '../../node/mount.ts';
import { isMountOf, type MountEntry, mountAt, readMounts } from '../../node/mountinfo.ts';
import { mountAtPlace } from '../../node/paths/mounted.ts';
import { walk } from '../../node/paths/walk.ts';
import type { Attachment } from '../engine.ts';
import { whyDead } from '../shelves/alive.ts';
import type { Shelves } from '../shelves/backend.ts';
import { findAttachments } from './attachments.ts';

/**
 * Takes off what is left of a pool's file system that is dead, in the order in which it came: the mounts of its volumes,
 * their loop devices, and itself. Nothing can be lost by that, since nothing reaches the disk any more. Throws `busy`
 * while a program uses some of it, naming it. Nothing happens if it is not dead, or not mounted.
 */
export async function takeOffDead(exec: Exec, root: string, shelves: Shelves): Promise<boolean> {
  if (!(await mountAt(root)) || (await whyDead(root)) === undefined) return false;
  for (const attachment of await findAttachments(exec, [{ ...shelves, dead: true }])) {
    await takeOff(exec, attachment);
  }
  await unmount(exec, root);
  return true;
}

async function takeOff(exec: Exec, { device, targets }: Attachment): Promise<void> {
  const number = deviceNumber((await stat(device)).rdev);
  for (const target of targets.toReversed()) {
    await using place = await walk(target);
    const mount = await mountAtPlace(place);
    const ours = (it: MountEntry) => isMountOf(it, { number, device });
    if (mount && ours(mount)) await unmountAt(exec, place, mount);
    else if ((await readMounts()).some((it) => it.target === target && ours(it))) {
      fail('busy', `unmounting ${target}: ${mount?.source} is mounted over it; unmount that first`);
    }
  }
  await detachDevice(exec, device);
}
