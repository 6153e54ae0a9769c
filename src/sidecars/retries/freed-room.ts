import { persistentVolumes } from '../../model/kinds/core.ts';
import { driverName, type Pool, pools } from '../../model/kinds/moorage.ts';
import { volumeSnapshotContents } from '../../model/kinds/storage.ts';
import { bytesOf } from '../../model/quantity.ts';
import type { SidecarContext } from '../context.ts';

/**
 * Calls the listener with the name of a driver that may have more room than before: a volume or a snapshot of it is
 * gone or, for our own driver, a Pool says so. Not for what happened before.
 */
export function watchRoom({ api }: Pick<SidecarContext, 'api'>, listener: (driver: string) => void): Disposable {
  const open = new DisposableStack();
  open.use(
    api.informer(persistentVolumes).onChange(({ type, object }) => {
      if (type === 'deleted' && object.spec.csi) listener(object.spec.csi.driver);
    }),
  );
  open.use(
    api.informer(volumeSnapshotContents).onChange(({ type, object }) => {
      if (type === 'deleted') listener(object.spec.driver);
    }),
  );
  open.use(
    api.informer(pools).onChange(({ type, object, old }) => {
      if (type === 'modified' && hasMoreRoom(object, old)) listener(driverName);
    }),
  );
  return open;
}

function hasMoreRoom(now: Pool, before: Pool | undefined): boolean {
  return (now.status?.nodes ?? []).some(({ node, available }) => {
    const had = before?.status?.nodes?.find((it) => it.node === node)?.available;
    return bytesOf(available ?? '0') > bytesOf(had ?? '0');
  });
}
