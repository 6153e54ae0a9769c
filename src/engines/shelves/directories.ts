import { sizeUnit } from '../../model/sizes.ts';
import { readMounts } from '../../node/mountinfo.ts';
import type { PoolFeatures } from '../engine.ts';

/** What volumes can do that are directories on a file system that nobody divides. */
export const directoryFeatures: PoolFeatures = {
  block: false,
  fsTypes: [],
  sizeEnforced: false,
  snapshots: true,
  clones: true,
  onlineGrowth: true,
  sharedWriters: false,
  unit: sizeUnit,
};

/**
 * That something is mounted inside of a volume's directory, or that directory somewhere; or undefined. A bind mount of it
 * elsewhere has its path, within its file system, as root. A mount inside of it is somebody else's data, which must not
 * be deleted with ours.
 */
export async function mountInside(data: string): Promise<string | undefined> {
  const shelfPath = data.split('/').slice(-3).join('/');
  const mount = (await readMounts()).find(
    ({ root, target }) => root.endsWith(`/${shelfPath}`) || target === data || target.startsWith(`${data}/`),
  );
  return mount && `it is mounted at ${mount.target}`;
}
