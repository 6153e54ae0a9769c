import type { CSIStorageCapacity } from '../../model/kinds/storage.ts';
import { bytesOf, formatBytes } from '../../model/quantity.ts';
import type { Segments } from '../create-volume/topology.ts';

/** What a driver has for a class in one part of the cluster; sizes in bytes. */
export interface DriverCapacity {
  readonly storageClass: string;
  readonly segments: Segments;
  /** Undefined if the driver could not say. */
  readonly available: bigint | undefined;
  /** The largest single volume; undefined if the driver does not tell that. */
  readonly largest: bigint | undefined;
}

/** What is to be written for a scheduler to know it. */
export type CapacityStep =
  | { readonly do: 'create'; readonly room: DriverCapacity }
  | { readonly do: 'update'; readonly object: CSIStorageCapacity; readonly room: DriverCapacity }
  | { readonly do: 'delete'; readonly object: CSIStorageCapacity };

/**
 * Compares what drivers have with what is published. `exact` is for the last look after a while of changes; before it,
 * what differs by less than a sixteenth is near enough for a scheduler. What a driver could not say stays as it is.
 */
export function planCapacity(
  rooms: readonly DriverCapacity[],
  published: Iterable<CSIStorageCapacity>,
  exact: boolean,
): { readonly steps: CapacityStep[]; readonly isExact: boolean } {
  const objects = new Map<string, CSIStorageCapacity>();
  const steps: CapacityStep[] = [];
  let isExact = true;
  for (const object of published) {
    const key = keyOf(object.storageClassName, object.nodeTopology?.matchLabels ?? {});
    if (objects.has(key)) steps.push({ do: 'delete', object });
    else objects.set(key, object);
  }
  for (const room of rooms) {
    const key = keyOf(room.storageClass, room.segments);
    const object = objects.get(key);
    objects.delete(key);
    if (room.available === undefined || (object && says(object, room))) continue;
    if (!object) steps.push({ do: 'create', room });
    else if (exact || !isNear(object, room)) steps.push({ do: 'update', object, room });
    else isExact = false;
  }
  for (const object of objects.values()) steps.push({ do: 'delete', object });
  return { steps, isExact };
}

/** The fields that a room sets. */
export function capacityFields({ available = 0n, largest }: DriverCapacity): Pick<CSIStorageCapacity, 'capacity'> {
  return {
    capacity: formatBytes(available),
    ...(largest !== undefined && { maximumVolumeSize: formatBytes(largest) }),
  };
}

function says(object: CSIStorageCapacity, { available, largest }: DriverCapacity): boolean {
  return bytes(object.capacity) === available && bytes(object.maximumVolumeSize) === largest;
}

function isNear(object: CSIStorageCapacity, { available, largest }: DriverCapacity): boolean {
  const near = (before: bigint | undefined, now: bigint | undefined) => {
    if (before === undefined || now === undefined) return before === now;
    const difference = before > now ? before - now : now - before;
    return difference * 16n < before && now > 0n;
  };
  return near(bytes(object.capacity), available) && near(bytes(object.maximumVolumeSize), largest);
}

function bytes(quantity: string | undefined): bigint | undefined {
  return quantity === undefined ? undefined : bytesOf(quantity);
}

function keyOf(storageClass: string, segments: Segments): string {
  return JSON.stringify([storageClass, Object.entries(segments).sort(([a], [b]) => (a < b ? -1 : 1))]);
}
