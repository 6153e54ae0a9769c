import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Exec } from '../../lib/exec.ts';
import { syncFilesystem } from '../../node/sync.ts';
import type { Content } from '../shelves/content.ts';
import { directoryFeatures, mountInside } from '../shelves/directories.ts';

/**
 * Each volume is a directory, `data`, on whatever file system there is. Takes no privileges. No size is enforced, there
 * is no raw block, and a copy is as quick as that file system copies files: at once if it can share extents.
 */
export function directoryContent(exec: Exec): Content {
  const attached = async (directory: string) => ({ kind: 'directory', path: dataDirectory(directory) }) as const;
  return {
    backend: 'directory',
    features: directoryFeatures,

    async fill(directory, { source }) {
      const data = dataDirectory(directory);
      await mkdir(data, { mode: 0o755 });
      if (source === undefined) return;
      const argv = [
        'cp',
        '--archive',
        '--reflink=auto',
        '--no-target-directory',
        '--',
        dataDirectory(source),
        data,
      ] as const;
      await exec(argv, { timeout: 24 * 3_600_000 });
      await syncFilesystem(exec, data);
    },

    grow: async () => {},

    async measure(directory) {
      if (!(await stat(dataDirectory(directory))).isDirectory()) throw new Error('it is no directory');
      // The bytes in use would take a walk through every file: statfs of the pool tells what matters.
      return { size: undefined, used: 0n };
    },

    settle: (directory) => syncFilesystem(exec, dataDirectory(directory)),

    blank: async () => {},

    secure: async () => {},

    attach: attached,

    async attached(directory) {
      const there = await stat(dataDirectory(directory)).catch(() => undefined);
      return there ? attached(directory) : undefined;
    },

    detach: async () => {},

    inUse: async (directory) => mountInside(dataDirectory(directory)),
  };
}

function dataDirectory(directory: string): string {
  return join(directory, 'data');
}
