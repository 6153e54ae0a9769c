import type { Artifact } from '../../engines/engine.ts';
import { isCode } from '../../lib/errors.ts';
import {
  adoptAnnotation,
  claimAnnotation,
  type Pool,
  pools,
  type Snapshot,
  snapshots,
  type Volume,
  volumes,
} from '../../model/kinds/moorage.ts';
import { formatBytes } from '../../model/quantity.ts';
import type { NodeStorage } from './node-storage.ts';

const apiVersion = 'moorage.dev/v1alpha1';

/**
 * Makes the objects anew of all that is in a pool and has none, as after a store was lost, if the pool's annotation asks
 * for it; the annotation goes when that is done. What became of an object that was there is not known: its volume has
 * the size and the file system that it had, and is attached to no node.
 */
export async function adoptContents(storage: NodeStorage, pool: Pool): Promise<void> {
  const { api, engine, events, log } = storage.options;
  const { name, annotations } = pool.metadata;
  if (annotations?.[adoptAnnotation] === undefined) return;
  const made = { volume: 0, snapshot: 0 };
  for (const artifact of await engine.volumes.list(name)) {
    const { kind, uid, complete } = artifact;
    if (uid === undefined || !complete || isKnown(storage, artifact)) continue;
    const making =
      kind === 'volume'
        ? api.create(volumes, volumeFor(artifact, uid))
        : api.create(snapshots, snapshotFor(artifact, uid));
    // One of that name may be another's, of another pool: its bytes stay what they are, and the inventory tells of them.
    const done = await making.then(
      () => true,
      (error: unknown) => (isCode(error, 'already-exists') ? false : Promise.reject(error)),
    );
    if (done) made[kind] += 1;
  }
  await api.patch(pools, { name }, { type: 'merge', body: { metadata: { annotations: { [adoptAnnotation]: null } } } });
  const message = `${made.volume} volumes and ${made.snapshot} snapshots that were there have objects again`;
  events.normal(pool, 'Adopted', message);
  log.info({ pool: name, ...made }, 'pool adopted');
}

function isKnown({ options: { api } }: NodeStorage, { kind, name, uid }: Artifact): boolean {
  const object = kind === 'volume' ? api.informer(volumes).get({ name }) : api.informer(snapshots).get({ name });
  return (
    object !== undefined && (object.metadata.uid === uid || object.metadata.annotations?.[adoptAnnotation] === uid)
  );
}

function volumeFor({ pool, name, size, used, provisioning, fsType, claim }: Artifact, uid: string): Volume {
  // What has content and was never formatted by us is raw block.
  const mode = fsType === undefined && used > 0n && provisioning === 'thin' ? 'Block' : 'Filesystem';
  const annotations = { [adoptAnnotation]: uid, ...(claim !== undefined && { [claimAnnotation]: claim }) };
  return {
    apiVersion,
    kind: 'Volume',
    metadata: { name, annotations },
    spec: {
      pool,
      size: formatBytes(size),
      mode,
      provisioning,
      ...((fsType === 'ext4' || fsType === 'xfs') && { fsType }),
    },
  };
}

function snapshotFor({ name, volume = '' }: Artifact, uid: string): Snapshot {
  return {
    apiVersion,
    kind: 'Snapshot',
    metadata: { name, annotations: { [adoptAnnotation]: uid } },
    spec: { volume },
  };
}
