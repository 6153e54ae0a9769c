import { filesystemStatistics } from '../../node/filesystem/statistics.ts';
import type { PoolStore } from './backend.ts';

/** A directory on a file system of somebody else. */
export function plainStore(root: string): PoolStore {
  return {
    root,
    room: [root],
    capacity: () => filesystemStatistics(root),
    grow: async () => {},
    close: async () => {},
    remove: async () => {},
  };
}
