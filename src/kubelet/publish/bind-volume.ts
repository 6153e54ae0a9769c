import type { Stats } from 'node:fs';
import { mkdir, rmdir, symlink } from 'node:fs/promises';
import { fail, isCode } from '../../lib/errors.ts';
import type { Exec } from '../../lib/exec.ts';
import type { PersistentVolume } from '../../model/kinds/index.ts';
import { bindMount, unmount } from '../../node/mount.ts';
import { entryOf, openEntry, walk } from '../../node/paths/walk.ts';
import type { MounterContext } from '../mounter/context.ts';
import { checkSourceBounds } from './bounds.ts';
import { lookAt } from './target.ts';

const asRoot = process.getuid?.() === 0;

/**
 * Ensures that a volume of kind local or hostPath is visible at the target: by a bind mount as root, by a symbolic
 * link otherwise. `type` is that of hostPath: only DirectoryOrCreate makes the directory.
 */
export async function bindVolume(
  context: Pick<MounterContext, 'api' | 'node' | 'dataDir' | 'exec'>,
  volume: PersistentVolume,
  source: { readonly path: string; readonly type: string },
  target: string,
  readOnly: boolean,
): Promise<void> {
  const what = `volume "${volume.metadata.name}" at ${source.path}`;
  const entry = await openSource(context, what, source);
  const block = volume.spec.volumeMode === 'Block';
  if (block && !entry.isBlockDevice())
    return fail('invalid', `mounting ${what}: its mode is Block, but that is no block device`);
  if (!block && entry.isBlockDevice()) {
    const advice = 'mount its file system and name that directory, or let a CSI driver do it';
    return fail('unsupported', `mounting ${what}: that is a block device, and its mode is Filesystem; ${advice}`);
  }
  if (!block && !entry.isDirectory()) return fail('invalid', `mounting ${what}: that is not a directory`);
  if (asRoot) {
    const options = volume.spec.mountOptions ?? [];
    return await bindMount(context.exec, source.path, target, { readOnly, file: block, options });
  }
  if (readOnly)
    return fail('unsupported', `mounting ${what} read-only takes root: a symbolic link can't forbid writing`);
  await using place = await walk(target);
  const found = await lookAt(target);
  if (found === 'link') return;
  if (found === 'empty-directory') await rmdir(entryOf(place));
  await symlink(source.path, entryOf(place));
}

/** Ensures that nothing is mounted at the target. Throws `busy`, naming who holds it. */
export async function unbindVolume(exec: Exec, target: string): Promise<void> {
  if ((await lookAt(target)) === 'mount') await unmount(exec, target);
}

/** What is at the path of the volume, which has to be nobody's trap and nothing of Moorage's own. */
async function openSource(
  context: Pick<MounterContext, 'api' | 'node' | 'dataDir'>,
  what: string,
  source: { readonly path: string; readonly type: string },
): Promise<Stats> {
  const make = source.type === 'DirectoryOrCreate' ? 0o755 : undefined;
  try {
    await using place = await walk(source.path, { last: true, ...(make && { make }) });
    await checkSourceBounds(context, place);
    if (make) {
      await mkdir(entryOf(place), { mode: make }).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') fail('invalid', `${source.path} can't be made: ${error.code}`, error);
      });
    }
    await using entry = await openEntry(place);
    if (!entry) return fail('not-found', `mounting ${what}: there is nothing at that path on this node`);
    return await entry.stat();
  } catch (error) {
    if (isCode(error, 'invalid')) fail('invalid', `mounting ${what}: ${error.message}`, error);
    throw error;
  }
}
