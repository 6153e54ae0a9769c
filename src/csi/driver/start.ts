import { KeyedLock } from '../../lib/keyed-lock.ts';
import { driverName, pools, snapshots, volumes } from '../../model/kinds/moorage.ts';
import { serveCsi } from '../transport/server.ts';
import type { DriverOptions } from './context.ts';
import { controllerService } from './controller.ts';
import { identityService } from './identity.ts';
import { nodeService } from './node.ts';
import { openNodeRecords } from './node-record.ts';
import { ObjectWatch } from './object-watch.ts';

export type { DriverOptions } from './context.ts';

/**
 * Starts Moorage's CSI driver: identity, controller and node services on one unix socket. It has no state but the
 * objects and this node's records. `measureCalls` is for callers that do not measure their calls themselves.
 */
export async function startCsiDriver(
  options: DriverOptions & { readonly measureCalls?: boolean },
): Promise<AsyncDisposable> {
  await using open = new AsyncDisposableStack();
  const { api, dataDir, meter, log, socket } = options;
  const views = [api.informer(volumes), api.informer(snapshots), api.informer(pools)] as const;
  await Promise.all(views.map(({ synced }) => synced));
  const context = {
    ...options,
    volumes: open.use(new ObjectWatch(views[0])),
    snapshots: open.use(new ObjectWatch(views[1])),
    pools: open.use(new ObjectWatch(views[2])),
  };
  const server = await serveCsi({
    socket,
    identity: identityService(),
    controller: controllerService(context),
    node: nodeService({ ...options, records: openNodeRecords(dataDir), locks: new KeyedLock() }),
    log,
    onCall: options.measureCalls
      ? ({ method, code, seconds }) => meter.observe('csi', { driver: driverName, method, code }, seconds)
      : undefined,
  });
  open.use(server);
  const owned = open.move();
  return { [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
