import { join } from 'node:path';
import { fill } from './fio.ts';
import { paths, snapshot, snapshotClass } from './objects.ts';
import type { Stage } from './stage.ts';

/** What a snapshot, a claim from it and a clone took: milliseconds, and bytes that the pool grew by. */
export interface Copies {
  readonly mebibytes: number;
  readonly snapshot: number;
  readonly restore: number;
  readonly clone: number;
  readonly grown: number;
}

/** Fills a volume with so many MiB of random bytes, and copies it in each way that there is. */
export async function copies(stage: Stage, mebibytes: number): Promise<Copies> {
  const size = `${Math.ceil(mebibytes * 1.2) + 64}Mi`;
  const storageClassName = 'default';
  await stage.bind({ name: 'source', storageClassName, size });
  const { path } = await stage.mount('source');
  await fill(join(path, 'content'), mebibytes);
  const pool = await stage.poolDirectory('default');
  await stage.client.call('POST', paths.snapshotClasses, snapshotClass);
  const before = await stage.used(pool);
  const taken = await takeSnapshot(stage, 'before', 'source');
  const dataSource = { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 'before' };
  const restore = await stage.bind({ name: 'restored', storageClassName, size, dataSource });
  const from = { kind: 'PersistentVolumeClaim', name: 'source' };
  const clone = await stage.bind({ name: 'cloned', storageClassName, size, dataSource: from });
  const grown = (await stage.used(pool)) - before;
  await stage.unmount('source');
  return { mebibytes, snapshot: taken, restore, clone, grown };
}

function takeSnapshot(stage: Stage, name: string, claim: string): Promise<number> {
  return stage.timed(
    () => stage.client.call('POST', paths.snapshots, snapshot(name, claim)),
    paths.snapshots,
    ({ object }) => object.metadata.name === name && object.status?.readyToUse === true,
  );
}
