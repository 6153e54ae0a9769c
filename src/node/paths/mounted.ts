import { type MountEntry, readMounts } from '../mountinfo.ts';
import { mountIdOf, openEntry, type Place } from './walk.ts';

/** Errors of a file system whose other end is gone: it can only be forced off. */
export const deadErrors: ReadonlySet<string> = new Set(['ENOTCONN', 'ESTALE', 'EIO', 'EHOSTDOWN']);

/** The topmost mount at a place, whatever has become of its path since; undefined if nothing is mounted there. */
export async function mountAtPlace(place: Place): Promise<MountEntry | undefined> {
  const mounts = readMounts;
  try {
    await using entry = await openEntry(place);
    if (!entry) return undefined;
    const [id, around] = [await mountIdOf(entry), await mountIdOf(place.parent)];
    return id === around ? undefined : (await mounts()).find((it) => it.id === id);
  } catch (error) {
    if (!deadErrors.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
    return (await mounts()).findLast(({ target }) => target === place.path);
  }
}
