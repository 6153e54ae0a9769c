import { fail } from '../../lib/errors.ts';
import type { KeyedLock } from '../../lib/keyed-lock.ts';
import { larger, roundUp } from '../../model/sizes.ts';
import type { Artifact, EngineRef, EngineVolumes, SnapshotWish, VolumeWish } from '../engine.ts';
import { artifactOf, lockOf, naming, type PoolOf, requireItem, shelfOf } from './items.ts';
import type { Metadata } from './marks/metadata.ts';
import type { ShelfPool } from './pool.ts';
import type { Shelf, ShelfItem } from './shelf.ts';

/** The engine's part that makes and keeps volumes and snapshots: one lock for each, plain steps inside. */
export function engineVolumes(poolOf: PoolOf, locks: KeyedLock): EngineVolumes {
  const get: EngineVolumes['get'] = async (kind, ref) => {
    const pool = poolOf(ref.pool);
    const shelf = shelfOf(pool, kind);
    const item = (await shelf.get(ref.name)) ?? (await shelf.remains(ref.name));
    return item && artifactOf(pool, kind, item);
  };
  const remove = (kind: Artifact['kind'], ref: EngineRef) =>
    locks.run(lockOf(kind, ref), async () => {
      const pool = poolOf(ref.pool);
      const shelf = shelfOf(pool, kind);
      const item = await shelf.get(ref.name);
      if (item && !item.metadata) {
        fail(
          'permission',
          `deleting ${kind} ${ref.name}: ${item.directory} does not carry Moorage's mark; it was left alone`,
        );
      }
      for (const part of [item, await shelf.remains(ref.name)]) {
        const use = part && (await pool.content.inUse(part.directory));
        if (use) fail('in-use', `deleting ${kind} ${ref.name}: ${use}`);
      }
      await naming(`deleting ${kind} ${ref.name}`, () => shelf.remove(ref.name));
    });

  return {
    create: (wish) =>
      locks.run(lockOf('volume', wish), () =>
        naming(`creating volume ${wish.name}`, async () => {
          const pool = poolOf(wish.pool);
          return artifactOf(pool, 'volume', await ensureVolume(pool, wish));
        }),
      ),

    delete: (ref) => remove('volume', ref),

    expand: (ref, size) =>
      locks.run(lockOf('volume', ref), () =>
        naming(`growing volume ${ref.name}`, async () => {
          const pool = poolOf(ref.pool);
          const { directory, metadata } = await requireItem(pool, 'volume', ref.name);
          const grown = await grow(pool, ref.name, directory, metadata, size);
          return artifactOf(pool, 'volume', { name: ref.name, directory, metadata: grown, complete: true });
        }),
      ),

    snapshot: (wish) =>
      locks.run(lockOf('snapshot', wish), () =>
        naming(`taking snapshot ${wish.name} of volume ${wish.volume}`, async () => {
          const pool = poolOf(wish.pool);
          return artifactOf(pool, 'snapshot', await ensureSnapshot(pool, wish));
        }),
      ),

    deleteSnapshot: (ref) => remove('snapshot', ref),
    get,

    async list(name) {
      const pool = poolOf(name);
      const of = async (kind: Artifact['kind']) => {
        const items = await shelfOf(pool, kind).list();
        return Promise.all(items.map((item) => artifactOf(pool, kind, item)));
      };
      return [...(await of('volume')), ...(await of('snapshot'))];
    },
  };
}

async function ensureVolume(pool: ShelfPool, wish: VolumeWish): Promise<ShelfItem> {
  const { name, uid, provisioning } = wish;
  const size = roundUp(wish.size, pool.content.features.unit);
  const present = await pool.volumes.get(name);
  if (present) {
    const metadata = await ensureMark(pool.volumes, present, wish);
    return { ...present, metadata: await grow(pool, name, present.directory, metadata, size) };
  }
  const source = wish.source && (await requireItem(pool, wish.source.kind, wish.source.name));
  if (source && source.metadata.size > size) {
    fail(
      'invalid',
      `it can't be smaller than its source: ${size} bytes, and ${wish.source?.name} has ${source.metadata.size}`,
    );
  }
  if (source && wish.source?.kind === 'volume') await pool.content.settle(source.directory);
  const metadata: Metadata = {
    version: 1,
    uid,
    size,
    provisioning,
    createdAt: new Date().toISOString(),
    ...(wish.claim !== undefined && { claim: wish.claim }),
    ...(source?.metadata.format && { format: source.metadata.format }),
  };
  return pool.volumes.make(name, metadata, (directory) =>
    pool.content.fill(directory, { size, provisioning, source: source?.directory }),
  );
}

async function ensureSnapshot(pool: ShelfPool, wish: SnapshotWish): Promise<ShelfItem> {
  const { name, uid, volume } = wish;
  const present = await pool.snapshots.get(name);
  if (present) {
    return { ...present, metadata: await ensureMark(pool.snapshots, present, wish) };
  }
  const source = await requireItem(pool, 'volume', volume);
  await pool.content.settle(source.directory);
  const { size, format } = source.metadata;
  const metadata: Metadata = {
    version: 1,
    uid,
    size,
    provisioning: 'thin',
    createdAt: new Date().toISOString(),
    volume,
    ...(format && { format }),
  };
  return pool.snapshots.make(name, metadata, (directory) =>
    pool.content.fill(directory, { size, provisioning: 'thin', source: source.directory }),
  );
}

async function grow(
  pool: ShelfPool,
  name: string,
  directory: string,
  metadata: Metadata,
  asked: bigint,
): Promise<Metadata> {
  const size = roundUp(asked, pool.content.features.unit);
  const wanted = larger(size, metadata.size);
  const { size: present = wanted } = await pool.content.measure(directory);
  // The record comes last, so that a growth that was cut off is done again, the loop device's part of it too.
  if (wanted > metadata.size || present < wanted) await pool.content.grow(directory, wanted, metadata.provisioning);
  if (wanted === metadata.size) return metadata;
  const grown = { ...metadata, size: wanted };
  await pool.volumes.update(name, grown);
  return grown;
}

/** What is known of a thing that carries our mark, or that of the object that ours takes the place of. */
async function ensureMark(
  shelf: Shelf,
  item: ShelfItem,
  { uid, adopt }: Pick<VolumeWish, 'uid' | 'adopt'>,
): Promise<Metadata> {
  if (item.metadata?.uid === uid) return item.metadata;
  if (item.metadata && item.metadata.uid === adopt) {
    const metadata = { ...item.metadata, uid };
    await shelf.update(item.name, metadata);
    return metadata;
  }
  return fail(
    'already-exists',
    `${item.directory} belongs to another object of that name; "moorage inventory" tells more`,
  );
}
