import type { KeyedLock } from '../../lib/keyed-lock.ts';
import type { Attached, EngineNode } from '../engine.ts';
import type { ShelfBackend } from './backend.ts';
import { lockOf, naming, type PoolOf, requireItem } from './items.ts';
import type { Metadata } from './marks/metadata.ts';
import type { ShelfPool } from './pool.ts';

/** The engine's part that attaches volumes, and remembers what was formatted. */
export function engineNode(
  backend: ShelfBackend,
  { poolOf, knownPool }: { readonly poolOf: PoolOf; readonly knownPool: PoolOf },
  locks: KeyedLock,
): Omit<EngineNode, 'attachments'> {
  return {
    attach: (ref, options) =>
      locks.run(lockOf('volume', ref), async () => {
        const pool = poolOf(ref.pool);
        const { directory, metadata } = await requireItem(pool, 'volume', ref.name);
        if (metadata.format?.state === 'formatting') await forgetFormat(pool, ref.name, directory, metadata);
        return pool.content.attach(directory, { ...options, provisioning: metadata.provisioning });
      }),

    detach: (ref) =>
      locks.run(lockOf('volume', ref), async () => {
        const pool = knownPool(ref.pool);
        // Of a dead file system only the devices can be found.
        if (pool.dead) return detachDead(backend, pool, ref.name);
        const item = await pool.volumes.get(ref.name);
        if (item) await pool.content.detach(item.directory);
      }),

    async attached(ref): Promise<Attached | undefined> {
      const pool = poolOf(ref.pool);
      const item = await pool.volumes.get(ref.name);
      return item?.metadata && pool.content.attached(item.directory);
    },

    release: backend.release,
    trace: backend.trace,

    async usage(ref) {
      const pool = poolOf(ref.pool);
      if (!pool.content.usage) return undefined;
      const { directory } = await requireItem(pool, 'volume', ref.name);
      return pool.content.usage(directory);
    },

    async formatted(ref) {
      const { metadata } = await requireItem(poolOf(ref.pool), 'volume', ref.name);
      return metadata.format?.state === 'formatted' ? metadata.format.fsType : undefined;
    },

    async secure(ref, made) {
      const pool = poolOf(ref.pool);
      const { directory } = await requireItem(pool, 'volume', ref.name);
      await naming(`taking space for the file system of volume ${ref.name}`, () =>
        pool.content.secure(directory, made),
      );
    },

    recordFormat: (ref, fsType, state) =>
      locks.run(lockOf('volume', ref), async () => {
        const pool = poolOf(ref.pool);
        const { metadata } = await requireItem(pool, 'volume', ref.name);
        await pool.volumes.update(ref.name, { ...metadata, format: { fsType, state } });
      }),
  };
}

async function detachDead(backend: ShelfBackend, pool: ShelfPool, name: string): Promise<void> {
  for (const found of await backend.attachments([pool])) {
    if (found.kind === 'volume' && found.name === name) await backend.release(found);
  }
}

/** Makes a volume blank whose mkfs was cut off, so that what is half-made there is taken for nothing else. */
async function forgetFormat(pool: ShelfPool, name: string, directory: string, metadata: Metadata): Promise<void> {
  await pool.content.blank(directory, metadata.size);
  const { format: _, ...rest } = metadata;
  await pool.volumes.update(name, rest);
}
