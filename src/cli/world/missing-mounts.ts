import { lstat } from 'node:fs/promises';
import type { Mount } from '../../model/kinds/index.ts';
import { isDeleting } from '../../model/object.ts';
import { canonical, readMounts } from '../../node/mountinfo.ts';

/**
 * The Mounts that say that they are mounted by a process of this machine, and are not: as that process sees it. None
 * if that can't be found out, since another user's process may not be looked at.
 */
export async function missingMounts(mounts: readonly Mount[], pid: number): Promise<readonly Mount[]> {
  const wanted = mounts.filter((mount) => mount.status?.phase === 'Mounted' && !isDeleting(mount));
  if (wanted.length === 0) return [];
  const seen = await readMounts(pid).catch(() => undefined);
  if (!seen) return [];
  const targets = new Set(seen.map(({ target }) => target));
  const there = await Promise.all(wanted.map(({ spec: { path } }) => isThere(path, targets)));
  return wanted.filter((_, index) => there[index] === false);
}

async function isThere(path: string, targets: ReadonlySet<string>): Promise<boolean> {
  if (targets.has(path) || targets.has(await canonical(path))) return true;
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => error);
  // What may not be looked at may be there.
  return found instanceof Error ? found.code !== 'ENOENT' : found.isSymbolicLink();
}
