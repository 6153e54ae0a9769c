import { constants } from 'node:fs';
import { access, open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, messageOf } from '../../lib/errors.ts';
import type { Exec } from '../../lib/exec.ts';
import { detachDevice, isMountOf } from '../../node/loop.ts';
import { deviceNumber, unmount, unmountAt } from '../../node/mount.ts';
import { type MountEntry, mountAt, readMounts } from '../../node/mountinfo.ts';
import { deadErrors, mountAtPlace } from '../../node/paths/mounted.ts';
import { walk } from '../../node/paths/walk.ts';
import { findAttachments, type LocalAttachment, type Shelves } from './attachments.ts';
import { markerName } from './marker.ts';

/** By what a file system says that it has shut down or takes no more writes, or that its device is gone. */
const shutDownErrors = new Set([...deadErrors, 'EROFS', 'ENXIO', 'ENODEV', 'EUCLEAN', 'ESHUTDOWN']);

/**
 * Why nothing can be kept in the directory any more, or undefined if nothing speaks against it. Costs no write, so that
 * it can be asked often: an XFS that has shut down answers statfs(2) as ever, but nothing else.
 */
export async function whyDead(directory: string): Promise<string | undefined> {
  return told(async () => {
    await stat(directory);
    await access(directory, constants.R_OK | constants.W_OK | constants.X_OK);
  });
}

/** As whyDead, by a small write that reaches the disk. A full file system is not a dead one. */
export async function whyNotWritable(directory: string): Promise<string | undefined> {
  const path = join(directory, `${markerName}.probe`);
  return told(async () => {
    try {
      await using file = await open(path, 'w', 0o600);
      await file.writeFile('.');
      await file.sync();
    } finally {
      await rm(path, { force: true });
    }
  });
}

async function told(look: () => Promise<void>): Promise<string | undefined> {
  try {
    await look();
    return undefined;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    return shutDownErrors.has(code) ? messageOf(error) : undefined;
  }
}

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

async function takeOff(exec: Exec, { device, targets }: LocalAttachment): Promise<void> {
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
