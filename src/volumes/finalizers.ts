import type { Api } from '../api/api.ts';
import { isCode } from '../lib/errors.ts';
import type { Kind } from '../model/kind.ts';
import type { KubeObject } from '../model/object.ts';

/** Keeps a Volume until the engine says that its bytes are gone. Who creates a Volume saves a write by adding it. */
export const volumeFinalizer = 'moorage.dev/volume';

/** Keeps a Snapshot until the engine says that its bytes are gone. */
export const snapshotFinalizer = 'moorage.dev/snapshot';

/** Keeps a Pool while volumes and snapshots are in it, and until it is closed. */
export const poolFinalizer = 'moorage.dev/pool';

/** Ensures the finalizer; writes nothing if it is there. Throws `conflict` if the object has changed since. */
export async function ensureFinalizer<T extends KubeObject>(
  api: Api,
  kind: Kind<T>,
  object: T,
  finalizer: string,
): Promise<T> {
  const present = object.metadata.finalizers ?? [];
  return present.includes(finalizer) ? object : write(api, kind, object, [...present, finalizer]);
}

/** Ensures that the finalizer is gone. Throws `conflict` if the object has changed since. */
export async function removeFinalizer<T extends KubeObject>(
  api: Api,
  kind: Kind<T>,
  object: T,
  finalizer: string,
): Promise<void> {
  const present = object.metadata.finalizers ?? [];
  if (!present.includes(finalizer)) return;
  const rest = present.filter((it) => it !== finalizer);
  await write(api, kind, object, rest).catch((error: unknown) => {
    if (!isCode(error, 'not-found')) throw error;
  });
}

async function write<T extends KubeObject>(api: Api, kind: Kind<T>, object: T, finalizers: string[]): Promise<T> {
  return api.update(kind, { ...object, metadata: { ...object.metadata, finalizers } });
}
