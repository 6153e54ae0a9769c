import { fail, MoorageError } from '../../lib/errors.ts';
import type { Artifact, EngineRef } from '../engine.ts';
import type { Metadata } from './marks/metadata.ts';
import type { ShelfPool } from './pool.ts';
import type { Shelf, ShelfItem } from './shelf.ts';

/** The open pool of that name. Throws `not-ready` if it is not open. */
export type PoolOf = (name: string) => ShelfPool;

/** Where a pool keeps things of that kind. */
export function shelfOf(pool: ShelfPool, kind: Artifact['kind']): Shelf {
  return kind === 'volume' ? pool.volumes : pool.snapshots;
}

/** The key of the one lock that each volume and snapshot has. */
export function lockOf(kind: Artifact['kind'], { pool, name }: EngineRef): string {
  return `${kind}/${pool}/${name}`;
}

/** A thing that must be there, with our mark. Throws `not-found` or `permission`. */
export async function requireItem(
  pool: ShelfPool,
  kind: Artifact['kind'],
  name: string,
): Promise<ShelfItem & { readonly metadata: Metadata }> {
  const item = await shelfOf(pool, kind).get(name);
  if (!item) return fail('not-found', `there is no ${kind} ${name} in pool ${pool.name}`);
  const { metadata } = item;
  if (!metadata) return fail('permission', `${item.directory} does not carry Moorage's mark; it was left alone`);
  return { ...item, metadata };
}

/** What is known of a thing, as the engine's callers see it. */
export async function artifactOf(pool: ShelfPool, kind: Artifact['kind'], item: ShelfItem): Promise<Artifact> {
  const { name, directory, metadata, complete } = item;
  const seen = await pool.content.measure(directory).catch((error: NodeJS.ErrnoException) => error);
  const damage = metadata && complete ? damageOf(directory, metadata, seen) : undefined;
  return {
    kind,
    pool: pool.name,
    name,
    uid: metadata?.uid,
    size: metadata?.size ?? 0n,
    used: seen instanceof Error ? 0n : seen.used,
    ...(metadata?.volume !== undefined && { volume: metadata.volume }),
    provisioning: metadata?.provisioning ?? 'thin',
    ...(metadata?.format?.state === 'formatted' && { fsType: metadata.format.fsType }),
    ...(metadata?.claim !== undefined && { claim: metadata.claim }),
    createdAt: new Date(metadata?.createdAt ?? 0),
    complete,
    ...(damage !== undefined && { damage }),
  };
}

function damageOf(
  directory: string,
  { size }: Metadata,
  seen: NodeJS.ErrnoException | { readonly size: bigint | undefined },
): string | undefined {
  const bytes = `its bytes, ${directory}/data,`;
  if (seen instanceof Error) {
    return seen.code === 'ENOENT' ? `${bytes} are missing` : `${bytes} can't be looked at (${seen.message})`;
  }
  if (seen.size === undefined || seen.size >= size) return undefined;
  return `${bytes} are only ${seen.size} of ${size}`;
}

/** EDQUOT, which Node has no name for. */
const overQuota = -122;

/** Says what was being done, and makes a full file system `exhausted`. */
export async function naming<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof MoorageError)
      throw new MoorageError(error.code, `${doing}: ${error.message}`, { cause: error });
    const { code, errno, message } = error as NodeJS.ErrnoException;
    const full = code === 'ENOSPC' || errno === overQuota;
    throw new MoorageError(full ? 'exhausted' : 'internal', `${doing}: ${full ? 'the pool is full' : message}`, {
      cause: error,
    });
  }
}
