import { status } from '@grpc/grpc-js';
import { ControllerServiceCapability_RPC_Type as Rpc } from '../../src/csi/protocol/csi_pb.ts';
import { RpcError } from '../../src/csi/transport/codes.ts';
import type { ControllerService } from '../../src/csi/transport/server.ts';
import type { DriverOptions } from './options.ts';
import type { DirectoryStore, Kept } from './store.ts';

/** The controller service, as its options make it. What it does not announce is not there at all. */
export function controllerService(options: DriverOptions, store: DirectoryStore): ControllerService {
  const growsHere = options.growth !== 'none' && options.growth !== 'node';
  const rpcs = [
    Rpc.CREATE_DELETE_VOLUME,
    ...(options.publish ? [Rpc.PUBLISH_UNPUBLISH_VOLUME] : []),
    ...(options.snapshots ? [Rpc.CREATE_DELETE_SNAPSHOT] : []),
    ...(options.clones ? [Rpc.CLONE_VOLUME] : []),
    ...(growsHere ? [Rpc.EXPAND_VOLUME] : []),
  ];
  const known = (id: string): Kept => {
    const volume = store.byId('volumes', id);
    if (!volume) throw new RpcError(status.NOT_FOUND, `volume ${id} is not there`);
    return volume;
  };
  return {
    controllerGetCapabilities: async () => ({
      capabilities: rpcs.map((type) => ({ type: { case: 'rpc' as const, value: { type } } })),
    }),
    createVolume: async ({ name, capacityRange, volumeContentSource, accessibilityRequirements }) => {
      const size = Number(capacityRange?.requiredBytes ?? 0n);
      const { type } = volumeContentSource ?? {};
      const from =
        type?.case === 'snapshot' ? type.value.snapshotId : type?.case === 'volume' ? type.value.volumeId : undefined;
      const present = store.byName('volumes', name);
      if (present && (present.size !== size || present.from !== from)) {
        throw new RpcError(status.ALREADY_EXISTS, `volume ${name} is there, and is another one`);
      }
      const used = store.all('volumes').reduce((sum, volume) => sum + volume.size, 0);
      if (!present && BigInt(used + size) > options.room) {
        throw new RpcError(status.RESOURCE_EXHAUSTED, `${options.room - BigInt(used)} bytes are left`);
      }
      const volume = present ?? store.make('volumes', name, size, from);
      const lacks = (what: string) => options.lacking.includes(what);
      return {
        volume: {
          volumeId: volume.id,
          capacityBytes: BigInt(volume.size) - (lacks('size') ? 1n : 0n),
          volumeContext: { made: 'by other.example.com' },
          accessibleTopology: accessibilityRequirements?.preferred.slice(0, 1) ?? [],
          ...(volumeContentSource && !lacks('source') && { contentSource: volumeContentSource }),
        },
      };
    },
    deleteVolume: async ({ volumeId }) => {
      if (store.byId('volumes', volumeId)?.nodes.length) {
        throw new RpcError(status.FAILED_PRECONDITION, `volume ${volumeId} is still published`);
      }
      store.remove('volumes', volumeId);
      return {};
    },
    ...(options.publish && {
      controllerPublishVolume: async ({ volumeId, nodeId }) => {
        const volume = known(volumeId);
        volume.nodes = [...new Set([...volume.nodes, nodeId])];
        store.save('volumes', volume);
        return { publishContext: { 'published-to': nodeId } };
      },
      controllerUnpublishVolume: async ({ volumeId, nodeId }) => {
        const volume = store.byId('volumes', volumeId);
        if (volume) store.save('volumes', { ...volume, nodes: volume.nodes.filter((node) => node !== nodeId) });
        return {};
      },
    }),
    ...(growsHere && {
      controllerExpandVolume: async ({ volumeId, capacityRange }) => {
        const volume = known(volumeId);
        volume.size = Math.max(volume.size, Number(capacityRange?.requiredBytes ?? 0n));
        store.save('volumes', volume);
        const nodeExpansionRequired = options.growth === 'controller-and-node';
        return { capacityBytes: BigInt(volume.size), nodeExpansionRequired };
      },
    }),
    ...(options.snapshots && {
      createSnapshot: async ({ name, sourceVolumeId }) => {
        const source = known(sourceVolumeId);
        const snapshot = store.byName('snapshots', name) ?? store.make('snapshots', name, source.size, source.id);
        const readyToUse = snapshot.asked >= options.snapshotPolls;
        store.save('snapshots', { ...snapshot, asked: snapshot.asked + 1 });
        return {
          snapshot: {
            snapshotId: snapshot.id,
            sourceVolumeId,
            sizeBytes: BigInt(snapshot.size),
            creationTime: { seconds: BigInt(Math.floor(snapshot.createdAt / 1_000)), nanos: 0 },
            readyToUse,
          },
        };
      },
      deleteSnapshot: async ({ snapshotId }) => {
        store.remove('snapshots', snapshotId);
        return {};
      },
    }),
  };
}
