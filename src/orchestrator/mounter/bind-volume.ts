import { mkdir, rmdir, stat, symlink } from 'node:fs/promises';
import { fail } from '../../lib/errors.ts';
import type { Exec } from '../../lib/exec.ts';
import type { PersistentVolume } from '../../model/kinds/index.ts';
import { bindMount, unmount } from '../../node/mount.ts';
import { lookAt } from './target.ts';

const asRoot = process.getuid?.() === 0;

/**
 * Ensures that a volume of kind local or hostPath is visible at the target: by a bind mount as root, by a symbolic
 * link otherwise. `type` is that of hostPath: only DirectoryOrCreate makes the directory.
 */
export async function bindVolume(
  exec: Exec,
  volume: PersistentVolume,
  source: { readonly path: string; readonly type: string },
  target: string,
  readOnly: boolean,
): Promise<void> {
  const what = `volume "${volume.metadata.name}" at ${source.path}`;
  if (source.type === 'DirectoryOrCreate') await mkdir(source.path, { recursive: true, mode: 0o755 });
  const entry = await stat(source.path).catch(() => undefined);
  if (!entry) return fail('not-found', `mounting ${what}: there is nothing at that path on this node`);
  const block = volume.spec.volumeMode === 'Block';
  if (block && !entry.isBlockDevice())
    return fail('invalid', `mounting ${what}: its mode is Block, but that is no block device`);
  if (!block && entry.isBlockDevice()) {
    const advice = 'mount its file system and name that directory, or let a CSI driver do it';
    return fail('unsupported', `mounting ${what}: that is a block device, and its mode is Filesystem; ${advice}`);
  }
  if (!block && !entry.isDirectory()) return fail('invalid', `mounting ${what}: that is not a directory`);
  if (asRoot) {
    await bindMount(exec, source.path, target, { readOnly, file: block, options: volume.spec.mountOptions ?? [] });
    return;
  }
  if (readOnly)
    return fail('unsupported', `mounting ${what} read-only takes root: a symbolic link can't forbid writing`);
  const found = await lookAt(target);
  if (found === 'link') return;
  if (found === 'empty-directory') await rmdir(target);
  await symlink(source.path, target);
}

/** Ensures that nothing is mounted at the target. Throws `busy`, naming who holds it. */
export async function unbindVolume(exec: Exec, target: string): Promise<void> {
  if ((await lookAt(target)) === 'mount') await unmount(exec, target);
}
