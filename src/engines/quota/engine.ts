import { join } from 'node:path';
import { makeDirectory } from '../../lib/directories.ts';
import { fail } from '../../lib/errors.ts';
import type { Exec } from '../../lib/exec.ts';
import type { Pool } from '../../model/kinds/moorage.ts';
import { sizeUnit } from '../../model/sizes.ts';
import { runTool } from '../../node/tools.ts';
import type { Engine, EngineOptions } from '../engine.ts';
import type { Decision, NewPlace, ShelfBackend } from '../shelves/backend.ts';
import { openShelfEngine } from '../shelves/engine.ts';
import { plainStore } from '../shelves/plain-store.ts';
import { enableQuotas, isOnBtrfs } from './btrfs.ts';
import { subvolumeContent } from './subvolume-content.ts';

const layout = 'subvolume';

/**
 * The engine of quota directories: a pool is a directory on a btrfs, each volume a directory in it that has its size
 * kept by the file system's own quota groups. No device and no second file system is in between.
 */
export function openQuotaEngine(options: EngineOptions): Engine {
  const { exec } = options;
  const backend: ShelfBackend = {
    engine: 'quota',
    decide: (place) => decide(exec, place),
    isBegun: async () => true,
    async open({ base, marker }) {
      if (marker.layout !== layout) {
        fail('corrupted', `pool ${marker.pool}: ${base} is damaged or of a newer Moorage; nothing was changed`);
      }
      await requireBtrfs(marker.pool, base);
      await enableQuotas(exec, base);
      const root = join(base, 'fs');
      await makeDirectory(root, 0o700);
      return { store: plainStore(root), content: subvolumeContent(exec) };
    },
    attachments: async () => [],
    release: async () => {},
    trace: async () => undefined,
  };
  return openShelfEngine(backend, options);
}

async function decide(exec: Exec, { base, disk, wish }: NewPlace): Promise<Decision> {
  const { name } = wish.metadata;
  const [ofLocal] = fieldsOfLocal(wish);
  if (ofLocal !== undefined) {
    fail(
      'invalid',
      `pool ${name}: spec.${ofLocal} says nothing to engine quota, which makes no file system: leave it out`,
    );
  }
  if (process.getuid?.() !== 0) {
    fail('permission', `pool ${name}: only root can set the limits that engine quota keeps sizes by`);
  }
  if (disk !== undefined) {
    fail('unsupported', `pool ${name}: engine quota takes a directory on a btrfs, and ${disk} is a disk`);
  }
  await requireBtrfs(name, base);
  await runTool(exec, ['btrfs', '--version']);
  const why = 'it is on a btrfs, whose quota groups keep the size of each directory';
  return { layout, why, sectorSize: Number(sizeUnit), made: true };
}

/** What a pool's spec says to an engine that makes file systems. */
function fieldsOfLocal({ spec }: Pool): readonly string[] {
  const { size, wipe, preallocate, backend } = spec;
  const given = {
    size,
    wipe,
    preallocate: preallocate || undefined,
    backend: backend === 'auto' ? undefined : backend,
  };
  return Object.entries(given).flatMap(([field, value]) => (value === undefined ? [] : [field]));
}

async function requireBtrfs(pool: string, base: string): Promise<void> {
  if (await isOnBtrfs(base)) return;
  const remedy = 'set spec.path to a directory on one, or leave spec.engine out';
  fail('unsupported', `pool ${pool}: ${base} is not on a btrfs, which engine quota keeps sizes by: ${remedy}`);
}
