import { persistentVolumes } from '../../model/kinds/core.ts';
import { volumeSnapshotContents } from '../../model/kinds/storage.ts';
import type { SidecarContext } from '../context.ts';
import { listenToExtras } from '../drivers/listen-to-extras.ts';

/**
 * Calls the listener with the name of a driver that may have more room than before: a volume or a snapshot of it is
 * gone, or the driver is said to. Not for what happened before.
 */
export function watchRoom(
  { api, drivers }: Pick<SidecarContext, 'api' | 'drivers'>,
  listener: (driver: string) => void,
): Disposable {
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
  open.use(listenToExtras(drivers, ({ onRoom }, driver) => onRoom?.(() => listener(driver))));
  return open;
}
