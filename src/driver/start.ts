import { serveCsi } from '../csi/transport/server.ts';
import { KeyedLock } from '../lib/keyed-lock.ts';
import { driverName, volumes } from '../model/kinds/moorage.ts';
import type { CommonOptions, DriverOptions, NodeOptions } from './context.ts';
import { openController } from './controller/open.ts';
import { identityService } from './identity.ts';
import { openNodeRecords } from './node/device-mode.ts';
import { createInlineSweep, sweepEvery } from './node/inline.ts';
import { createLeftBehind } from './node/left-behind.ts';
import { nodeService } from './node/service.ts';
import { ObjectWatch } from './object-watch.ts';

export type { DriverOptions } from './context.ts';

/**
 * Starts Moorage's CSI driver on one unix socket: the identity service, and of the controller and the node service
 * those that are asked for. It has no state but the objects and, on a node, this node's records.
 */
export async function startCsiDriver(options: DriverOptions): Promise<AsyncDisposable> {
  await using open = new AsyncDisposableStack();
  const { meter, log, socket } = options;
  const controller = options.services[0] === 'controller' ? open.use(await openController(options)) : undefined;
  const server = await serveCsi({
    socket,
    identity: identityService(),
    controller: controller?.service,
    node: 'node' in options ? await openNode(options, !controller, open) : undefined,
    log,
    onCall: options.measureCalls
      ? ({ method, code, seconds }) => meter.observe('csi', { driver: driverName, method, code }, seconds)
      : undefined,
  });
  open.use(server);
  const owned = open.move();
  return { [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function openNode(options: CommonOptions & NodeOptions, kubelet: boolean, open: AsyncDisposableStack) {
  const view = options.api.informer(volumes);
  await view.synced;
  const watch = open.use(new ObjectWatch(view));
  const records = openNodeRecords(options.dataDir);
  await records.sweep();
  const context = { ...options, kubelet, volumes: watch, records, locks: new KeyedLock() };
  const sweep = open.use(createInlineSweep(context));
  for (const name of await records.names()) sweep.add(name);
  await sweep.start();
  await open.use(createLeftBehind(context)).start();
  return nodeService({ ...context, onInline: (name) => sweep.add(name, sweepEvery) });
}
