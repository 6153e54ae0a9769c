import { Controller, type Result } from '../../api/controller.ts';
import { isCode, unreachable } from '../../lib/errors.ts';
import { nodes, persistentVolumes } from '../../model/kinds/core.ts';
import {
  type CSIStorageCapacity,
  csiNodes,
  csiStorageCapacities,
  type StorageClass,
  storageClasses,
} from '../../model/kinds/storage.ts';
import { refTo } from '../../model/object.ts';
import type { Sidecar, SidecarContext } from '../context.ts';
import { driverParameters } from '../create-volume/parameters.ts';
import { nodeTopologies, type Segments, uniquePlaces } from '../create-volume/topology.ts';
import type { Driver } from '../drivers/driver.ts';
import { listenToExtras } from '../drivers/listen-to-extras.ts';
import { Freshest } from '../objects/freshest.ts';
import { waitsForConsumer } from '../provisioning/decide.ts';
import { describeFailure } from '../requests/outcome.ts';
import type { CapacityOptions } from './options.ts';
import { type CapacityStep, capacityFields, type DriverCapacity, planCapacity } from './plan.ts';

/** Milliseconds for which changes are gathered. */
const gather = 1_000;
/** Milliseconds after which also small differences are published. */
const settle = 10_000;

const driverLabel = 'csi.storage.k8s.io/drivername';
const managerLabel = 'csi.storage.k8s.io/managed-by';

/**
 * Publishes how much room drivers have, so that a scheduler does not choose a node that is full: a CSIStorageCapacity
 * for each class that waits for its consumer and each place that the driver's nodes are in. A driver is asked a second
 * after something has changed, and now and then.
 */
export function createCapacity(context: SidecarContext & { readonly capacity: CapacityOptions }): Sidecar {
  const { api, drivers, log, capacity } = context;
  const { namespace, managedBy = 'moorage', pollInterval = 60_000 } = capacity;
  const informer = api.informer(csiStorageCapacities);
  const published = new Freshest(informer);
  const classes = api.informer(storageClasses);
  const allNodes = api.informer(nodes);
  const allCsiNodes = api.informer(csiNodes);
  const lastExact = new Map<string, number>();

  const ownOf = (driver: string) =>
    [...published.list()].filter(({ metadata: { namespace: place, labels } }) => {
      return place === namespace && labels?.[driverLabel] === driver && labels[managerLabel] === managedBy;
    });

  const write = async (driver: string, step: CapacityStep) => {
    switch (step.do) {
      case 'create':
        published.note(await api.create(csiStorageCapacities, objectFor(capacity, managedBy, driver, step.room)));
        break;
      case 'update': {
        const body = capacityFields(step.room);
        published.note(await api.patch(csiStorageCapacities, refTo(step.object), { type: 'merge', body }));
        break;
      }
      case 'delete':
        await api.delete(csiStorageCapacities, refTo(step.object));
        break;
      default:
        unreachable(step);
    }
  };

  const reconcile = async (name: string): Promise<Result | undefined> => {
    const driver = drivers.get(name);
    if (!driver?.capabilities.capacity || !driver.capabilities.topology) return undefined;
    const now = performance.now();
    const exact = now - (lastExact.get(name) ?? Number.NEGATIVE_INFINITY) >= settle;
    const places = uniquePlaces(
      nodeTopologies(name, allCsiNodes.list(), (node) => allNodes.get({ name: node })).map(({ segments }) => segments),
    );
    const wanted = [...classes.list()].filter((it) => it.provisioner === name && waitsForConsumer(it));
    const asks = wanted.flatMap((storageClass) => places.map((segments) => ask(driver, storageClass, segments)));
    const { steps, isExact } = planCapacity(await Promise.all(asks), ownOf(name), exact);
    for (const step of steps) {
      // Somebody took it away; the next look makes it anew.
      await write(name, step).catch((error: unknown) => {
        if (!isCode(error, 'not-found')) throw error;
      });
    }
    if (exact) lastExact.set(name, now);
    return { again: isExact ? pollInterval : settle };
  };

  const ask = async (driver: Driver, storageClass: StorageClass, segments: Segments): Promise<DriverCapacity> => {
    const at = { storageClass: storageClass.metadata.name, segments };
    try {
      const { availableCapacity, maximumVolumeSize } = await driver.client.controller.getCapacity({
        parameters: driverParameters(storageClass.parameters ?? {}),
        accessibleTopology: { segments: { ...segments } },
      });
      return {
        ...at,
        available: atLeastNone(availableCapacity),
        largest: maximumVolumeSize === undefined ? undefined : atLeastNone(maximumVolumeSize),
      };
    } catch (error) {
      log.warn(
        { driver: driver.name, storageClass: at.storageClass, reason: describeFailure(error) },
        'capacity unknown',
      );
      return { ...at, available: undefined, largest: undefined };
    }
  };

  const controller = new Controller({ name: 'capacity', log, reconcile })
    .watch(informer, () => [])
    .watch(classes, ({ provisioner }) => [provisioner])
    .watch(allCsiNodes, ({ spec }) => (spec.drivers ?? []).map(({ name }) => name))
    .watch(allNodes, (node, { old }) => {
      const labels = (it: typeof node | undefined) => JSON.stringify(it?.metadata.labels);
      return labels(node) === labels(old) ? [] : drivers.list().map(({ name }) => name);
    });
  const soon = (driver: string) => controller.add(driver, gather);
  const open = new DisposableStack();
  open.use(published);
  open.use(api.informer(persistentVolumes).onChange(({ object }) => object.spec.csi && soon(object.spec.csi.driver)));
  open.use(listenToExtras(drivers, ({ onCapacity }, driver) => onCapacity?.(() => soon(driver))));
  return {
    controller,
    wake: (driver) => controller.add(driver),
    roomFreed: soon,
    exhausted: (driver) => controller.add(driver),
    close: () => open.dispose(),
  };
}

/** A driver that has promised more than there is has nothing. */
function atLeastNone(bytes: bigint): bigint {
  return bytes > 0n ? bytes : 0n;
}

function objectFor(
  { namespace, owner }: CapacityOptions,
  managedBy: string,
  driver: string,
  room: DriverCapacity,
): CSIStorageCapacity {
  return {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'CSIStorageCapacity',
    metadata: {
      name: '',
      generateName: 'csisc-',
      namespace,
      labels: { [driverLabel]: driver, [managerLabel]: managedBy },
      ...(owner && { ownerReferences: [owner] }),
    },
    storageClassName: room.storageClass,
    nodeTopology: { matchLabels: { ...room.segments } },
    ...capacityFields(room),
  };
}
