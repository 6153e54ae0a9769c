import { NodeServiceCapability_RPC_Type as Rpc } from '../../csi/protocol/csi_pb.ts';
import type { NodeService } from '../../csi/transport/server.ts';
import { fail } from '../../lib/errors.ts';
import { isInline } from '../requests/inline-attributes.ts';
import { topologyOf } from '../topology.ts';
import { inlineRecord, publishInline, unpublishInline } from './inline.ts';
import { inTurn, type NodeContext } from './node-context.ts';
import { publish } from './publish.ts';
import { stage, unstage } from './stage.ts';
import { unpublish } from './unpublish.ts';
import { expandOnNode, volumeStatistics } from './usage.ts';

const announced = [Rpc.STAGE_UNSTAGE_VOLUME, Rpc.GET_VOLUME_STATS, Rpc.EXPAND_VOLUME, Rpc.SINGLE_NODE_MULTI_WRITER];

/** The CSI Node service. Calls for one volume run one after the other. */
export function nodeService(context: NodeContext): NodeService {
  const need = (doing: string, fields: Readonly<Record<string, string>>) => {
    const missing = Object.keys(fields).find((key) => !fields[key]);
    if (missing) fail('invalid', `${doing}: no ${missing} is given`);
  };
  return {
    nodeGetInfo: async () => ({ nodeId: context.node, accessibleTopology: topologyOf(context.node) }),

    nodeGetCapabilities: async () => ({
      capabilities: announced.map((type) => ({ type: { case: 'rpc' as const, value: { type } } })),
    }),

    async nodeStageVolume(request, { signal }) {
      need('staging a volume', { 'volume id': request.volumeId, 'staging path': request.stagingTargetPath });
      await inTurn(context, request.volumeId, signal, () => stage(context, request));
      return {};
    },

    async nodeUnstageVolume({ volumeId, stagingTargetPath }, { signal }) {
      need('unstaging a volume', { 'volume id': volumeId, 'staging path': stagingTargetPath });
      await inTurn(context, volumeId, signal, () => unstage(context, volumeId, stagingTargetPath));
      return {};
    },

    async nodePublishVolume(request, { signal }) {
      need('publishing a volume', { 'volume id': request.volumeId, 'target path': request.targetPath });
      await inTurn(context, request.volumeId, signal, () =>
        isInline(request) ? publishInline(context, request, signal) : publish(context, request),
      );
      return {};
    },

    async nodeUnpublishVolume({ volumeId, targetPath }, { signal }) {
      need('unpublishing a volume', { 'volume id': volumeId, 'target path': targetPath });
      await inTurn(context, volumeId, signal, async () => {
        const inline = await inlineRecord(context, volumeId);
        await (inline ? unpublishInline(context, inline, targetPath) : unpublish(context, volumeId, targetPath));
      });
      return {};
    },

    async nodeGetVolumeStats(request) {
      need('looking how full a volume is', { 'volume id': request.volumeId });
      return volumeStatistics(context, request);
    },

    async nodeExpandVolume(request, { signal }) {
      need('growing a file system', { 'volume id': request.volumeId });
      return { capacityBytes: await inTurn(context, request.volumeId, signal, () => expandOnNode(context, request)) };
    },
  };
}
