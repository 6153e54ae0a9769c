import { setTimeout as sleep } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import {
  type CreateVolumeRequest,
  PluginCapability_VolumeExpansion_Type as Expansion,
  ControllerServiceCapability_RPC_Type as Rpc,
  PluginCapability_Service_Type as Service,
} from '../../../src/csi/protocol/csi_pb.ts';
import { RpcError } from '../../../src/csi/transport/codes.ts';
import { serveCsi } from '../../../src/csi/transport/server.ts';
import { silent } from '../../../src/lib/log.ts';

export const driverName = 'memory.example.com';
/** The topology key of a driver whose volumes are on nodes. */
export const nodeKey = 'memory.example.com/node';

/** A volume as the driver keeps it. */
export interface MemoryVolume {
  readonly name: string;
  readonly bytes: bigint;
  readonly node: string | undefined;
}

export interface MemoryDriver extends AsyncDisposable {
  /** What it has made and not deleted, by id. Ids are random, so nobody can guess them from a name. */
  readonly volumes: ReadonlyMap<string, MemoryVolume>;
  /** How often each method was called. */
  readonly calls: ReadonlyMap<string, number>;
  /** How it behaves from now on. */
  moods: Moods;
  /** Bytes on each node; with none, its volumes are reached from everywhere and there is room without end. */
  rooms: Map<string, bigint>;
}

export interface Moods {
  /** Longest time, in milliseconds, until a volume is made. */
  readonly slowness: number;
  /** The part of its answers that get lost after the work was done: 0 to 1. */
  readonly forgetfulness: number;
}

const services = (hasTopology: boolean) => [
  Service.CONTROLLER_SERVICE,
  ...(hasTopology ? [Service.VOLUME_ACCESSIBILITY_CONSTRAINTS] : []),
];

/** A driver whose volumes are names in memory: it costs next to nothing, and can be asked what is left over. */
export async function serveMemoryDriver(
  socket: string,
  rooms: ReadonlyMap<string, bigint> = new Map(),
): Promise<MemoryDriver> {
  const volumes = new Map<string, MemoryVolume>();
  const idOf = new Map<string, string>();
  const calls = new Map<string, number>();
  const begin = async (method: string) => {
    calls.set(method, (calls.get(method) ?? 0) + 1);
    if (driver.moods.slowness > 0) await sleep(Math.random() * driver.moods.slowness);
  };
  const answer = <T>(value: T): T => {
    if (Math.random() >= driver.moods.forgetfulness) return value;
    throw new RpcError(status.DEADLINE_EXCEEDED, 'the answer got lost, as it was told to');
  };
  const freeOn = (node: string): bigint =>
    [...volumes.values()].reduce(
      (left, volume) => (volume.node === node ? left - volume.bytes : left),
      driver.rooms.get(node) ?? 0n,
    );
  const choose = ({ accessibilityRequirements }: CreateVolumeRequest, bytes: bigint): string | undefined => {
    if (driver.rooms.size === 0) return undefined;
    const places = accessibilityRequirements?.preferred.map(({ segments }) => segments[nodeKey] ?? '') ?? [];
    const found = places.slice(0, 1).find((node) => freeOn(node) >= bytes);
    if (found) return found;
    throw new RpcError(status.RESOURCE_EXHAUSTED, places.map((node) => `${node} has ${freeOn(node)} left`).join('; '));
  };
  const topologyOf = (node: string | undefined) => (node ? [{ segments: { [nodeKey]: node } }] : []);
  const server = await serveCsi({
    socket,
    identity: {
      getPluginInfo: async () => ({ name: driverName, vendorVersion: '1.0.0' }),
      probe: async () => ({ ready: true }),
      getPluginCapabilities: async () => ({
        capabilities: [
          ...services(rooms.size > 0).map((type) => ({ type: { case: 'service' as const, value: { type } } })),
          { type: { case: 'volumeExpansion', value: { type: Expansion.ONLINE } } },
        ],
      }),
    },
    controller: {
      controllerGetCapabilities: async () => ({
        capabilities: [Rpc.CREATE_DELETE_VOLUME, Rpc.GET_CAPACITY].map((type) => ({
          type: { case: 'rpc', value: { type } },
        })),
      }),
      createVolume: async (request) => {
        await begin('CreateVolume');
        const { name, capacityRange } = request;
        const bytes = capacityRange?.requiredBytes ?? 0n;
        const volumeId = idOf.get(name) ?? crypto.randomUUID();
        const volume = volumes.get(volumeId) ?? { name, bytes, node: choose(request, bytes) };
        idOf.set(name, volumeId);
        volumes.set(volumeId, volume);
        const accessibleTopology = topologyOf(volume.node);
        return answer({ volume: { volumeId, capacityBytes: volume.bytes, accessibleTopology } });
      },
      deleteVolume: async ({ volumeId }) => {
        await begin('DeleteVolume');
        idOf.delete(volumes.get(volumeId)?.name ?? '');
        volumes.delete(volumeId);
        return answer({});
      },
      getCapacity: async ({ accessibleTopology }) => {
        await begin('GetCapacity');
        const availableCapacity = freeOn(accessibleTopology?.segments[nodeKey] ?? '');
        return { availableCapacity, maximumVolumeSize: availableCapacity };
      },
    },
    log: silent,
  });
  const driver: MemoryDriver = {
    volumes,
    calls,
    moods: { slowness: 0, forgetfulness: 0 },
    rooms: new Map(rooms),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
  return driver;
}
