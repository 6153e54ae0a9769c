import { mkdirSync, rmSync } from 'node:fs';
import { status } from '@grpc/grpc-js';
import { NodeServiceCapability_RPC_Type as Rpc } from '../../src/csi/protocol/csi_pb.ts';
import { RpcError } from '../../src/csi/transport/codes.ts';
import type { NodeService } from '../../src/csi/transport/server.ts';
import { exec } from '../../src/lib/exec.ts';
import type { DriverOptions } from './options.ts';
import type { DirectoryStore } from './store.ts';

/** The node service: it stages nothing, and publishes by a bind mount of the volume's directory. */
export function nodeService(options: DriverOptions, store: DirectoryStore): NodeService {
  const growsHere = options.growth === 'node' || options.growth === 'controller-and-node';
  return {
    nodeGetCapabilities: async () => ({
      capabilities: growsHere ? [{ type: { case: 'rpc', value: { type: Rpc.EXPAND_VOLUME } } }] : [],
    }),
    nodeGetInfo: async () => ({
      nodeId: 'node-as-the-driver-calls-it',
      ...(Object.keys(options.topology).length > 0 && { accessibleTopology: { segments: { ...options.topology } } }),
    }),
    nodePublishVolume: async ({ volumeId, targetPath, publishContext }) => {
      if (options.publish && publishContext['published-to'] === undefined) {
        throw new RpcError(status.FAILED_PRECONDITION, 'ControllerPublishVolume was not called');
      }
      if (!store.byId('volumes', volumeId)) throw new RpcError(status.NOT_FOUND, `volume ${volumeId} is not there`);
      mkdirSync(targetPath, { recursive: true });
      const mounted = await exec(['mountpoint', '-q', targetPath], { ok: [0, 1, 32] });
      if (mounted.code !== 0) await exec(['mount', '--bind', store.data(volumeId), targetPath]);
      return {};
    },
    nodeUnpublishVolume: async ({ targetPath }) => {
      const mounted = await exec(['mountpoint', '-q', targetPath], { ok: [0, 1, 32] });
      if (mounted.code === 0) await exec(['umount', targetPath]);
      rmSync(targetPath, { recursive: true, force: true });
      return {};
    },
    ...(growsHere && { nodeExpandVolume: async () => ({}) }),
  };
}
