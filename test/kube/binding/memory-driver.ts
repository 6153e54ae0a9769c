import { setTimeout as sleep } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import {
  PluginCapability_VolumeExpansion_Type as Expansion,
  ControllerServiceCapability_RPC_Type as Rpc,
  PluginCapability_Service_Type as Service,
} from '../../../src/csi/protocol/csi_pb.ts';
import { RpcError } from '../../../src/csi/transport/codes.ts';
import { serveCsi } from '../../../src/csi/transport/server.ts';
import { silent } from '../../../src/lib/log.ts';

export const driverName = 'memory.example.com';

export interface MemoryDriver extends AsyncDisposable {
  /** What it has made and not deleted: names by id. Ids are random, so nobody can guess them from a name. */
  readonly volumes: ReadonlyMap<string, string>;
  /** How often each method was called. */
  readonly calls: ReadonlyMap<string, number>;
  /** How it behaves from now on. */
  moods: Moods;
}

export interface Moods {
  /** Longest time, in milliseconds, until a volume is made. */
  readonly slowness: number;
  /** The part of its answers that get lost after the work was done: 0 to 1. */
  readonly forgetfulness: number;
}

/** A driver whose volumes are names in memory: it costs next to nothing, and can be asked what is left over. */
export async function serveMemoryDriver(socket: string): Promise<MemoryDriver> {
  const volumes = new Map<string, string>();
  const idOf = new Map<string, string>();
  const calls = new Map<string, number>();
  const count = (method: string) => void calls.set(method, (calls.get(method) ?? 0) + 1);
  const misbehave = async () => {
    if (driver.moods.slowness > 0) await sleep(Math.random() * driver.moods.slowness);
  };
  const answer = <T>(value: T): T => {
    if (Math.random() >= driver.moods.forgetfulness) return value;
    throw new RpcError(status.DEADLINE_EXCEEDED, 'the answer got lost, as it was told to');
  };
  const server = await serveCsi({
    socket,
    identity: {
      getPluginInfo: async () => ({ name: driverName, vendorVersion: '1.0.0' }),
      probe: async () => ({ ready: true }),
      getPluginCapabilities: async () => ({
        capabilities: [
          { type: { case: 'service', value: { type: Service.CONTROLLER_SERVICE } } },
          { type: { case: 'volumeExpansion', value: { type: Expansion.ONLINE } } },
        ],
      }),
    },
    controller: {
      controllerGetCapabilities: async () => ({
        capabilities: [Rpc.CREATE_DELETE_VOLUME, Rpc.LIST_VOLUMES].map((type) => ({
          type: { case: 'rpc', value: { type } },
        })),
      }),
      createVolume: async ({ name, capacityRange }) => {
        count('CreateVolume');
        await misbehave();
        const volumeId = idOf.get(name) ?? crypto.randomUUID();
        idOf.set(name, volumeId);
        volumes.set(volumeId, name);
        return answer({ volume: { volumeId, capacityBytes: capacityRange?.requiredBytes ?? 0n } });
      },
      deleteVolume: async ({ volumeId }) => {
        count('DeleteVolume');
        await misbehave();
        idOf.delete(volumes.get(volumeId) ?? '');
        volumes.delete(volumeId);
        return answer({});
      },
    },
    log: silent,
  });
  const driver: MemoryDriver = {
    volumes,
    calls,
    moods: { slowness: 0, forgetfulness: 0 },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
  return driver;
}
