import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { mayWrite, nearest } from '../../lib/directories.ts';
import { messageOf } from '../../lib/errors.ts';
import { exec } from '../../lib/exec.ts';
import { type Check, good, limited } from '../../lib/finding.ts';
import { probeReflink, whyNoLoop } from './choose-layout.ts';

const loopDevices: Check = async () => {
  const why = await whyNoLoop(exec).catch(messageOf);
  return why === undefined
    ? good('loop devices', 'block volumes are possible')
    : limited('loop devices', `volumes are directories: ${why}`);
};

const reflink: Check = async (directory) => {
  const parent = await nearest(directory);
  if (!(await mayWrite(parent))) return limited('reflink', `not tried: ${parent} is not writable`);
  const folder = await mkdtemp(join(parent, '.moorage-doctor-'));
  try {
    if (await probeReflink(folder)) return good('reflink', 'snapshots and clones take no copy of data');
    return process.getuid?.() === 0
      ? good('reflink', 'not here; Moorage makes an XFS image for the pool, which has it')
      : limited(
          'reflink',
          'not here: snapshots and clones of directories copy all data',
          'put the data directory on XFS or Btrfs',
        );
  } catch (error) {
    return limited('reflink', `not known: ${messageOf(error)}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

/** What the local engine needs of a machine. */
export const localChecks: readonly Check[] = [loopDevices, reflink];
