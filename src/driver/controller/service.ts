import { ControllerServiceCapability_RPC_Type as Rpc } from '../../csi/protocol/csi_pb.ts';
import type { ControllerService } from '../../csi/transport/server.ts';
import { fail } from '../../lib/errors.ts';
import { volumes } from '../../model/kinds/moorage.ts';
import { isDeleting } from '../../model/object.ts';
import { readCapabilities } from '../capability.ts';
import type { ControllerContext } from '../context.ts';
import { capacityFor } from '../requests/capacity.ts';
import { pageOf } from '../requests/paging.ts';
import { readParameters } from '../requests/parameters.ts';
import { createVolume } from './create-volume.ts';
import { deleteVolume } from './delete-volume.ts';
import { expandVolume } from './expand-volume.ts';
import { snapshotMessage, volumeMessage } from './messages.ts';
import { createSnapshot, deleteSnapshot } from './snapshots.ts';
import { validateCapabilities } from './validate-capabilities.ts';

const announced = [
  Rpc.CREATE_DELETE_VOLUME,
  Rpc.LIST_VOLUMES,
  Rpc.GET_CAPACITY,
  Rpc.CREATE_DELETE_SNAPSHOT,
  Rpc.LIST_SNAPSHOTS,
  Rpc.CLONE_VOLUME,
  Rpc.EXPAND_VOLUME,
  Rpc.SINGLE_NODE_MULTI_WRITER,
];

/** The CSI Controller service: calls become Volume and Snapshot objects, and wait for what becomes of those. */
export function controllerService(context: ControllerContext): ControllerService {
  const snapshotsOf = context.snapshots.informer.index('volume', ({ spec }) => [spec.volume]);
  return {
    controllerGetCapabilities: async () => ({
      capabilities: announced.map((type) => ({ type: { case: 'rpc' as const, value: { type } } })),
    }),

    async createVolume(request, { signal }) {
      return { volume: volumeMessage(await createVolume(context, request, signal)) };
    },

    async deleteVolume({ volumeId }, { signal }) {
      await deleteVolume(context, volumeId, signal);
      return {};
    },

    /** Not announced, since staging takes the attachment: whoever asks all the same has nothing to wait for. */
    async controllerUnpublishVolume({ volumeId }) {
      if (!volumeId) fail('invalid', 'detaching a volume: no volume id is given');
      return {};
    },

    async validateVolumeCapabilities(request) {
      const { volumeId: name } = request;
      if (!name) fail('invalid', 'validating capabilities: no volume id is given');
      if (request.volumeCapabilities.length === 0) {
        fail('invalid', `validating capabilities of volume ${name}: no volume capabilities are given`);
      }
      const volume = await context.api.get(volumes, { name });
      if (!volume || isDeleting(volume)) {
        return fail('not-found', `validating capabilities of volume ${name}: there is no such volume`);
      }
      return validateCapabilities(volume, request);
    },

    async listVolumes(request) {
      const ready = [...context.volumes.informer.list()].filter(({ status }) => status?.phase === 'Ready');
      const { items, nextToken } = pageOf(ready, request);
      return { entries: items.map((volume) => ({ volume: volumeMessage(volume) })), nextToken };
    },

    async getCapacity({ volumeCapabilities, parameters, accessibleTopology }) {
      const doing = 'asking for capacity';
      const use =
        volumeCapabilities.length > 0
          ? readCapabilities(doing, volumeCapabilities)
          : ({ mode: 'Filesystem', fsType: undefined } as const);
      const { pool, poolSelector, provisioning } = readParameters(doing, parameters, use);
      const question = { pool, poolSelector, provisioning, mode: use.mode, segments: accessibleTopology?.segments };
      const { available, largest } = capacityFor(question, context.room.offers());
      return { availableCapacity: available, maximumVolumeSize: largest };
    },

    async createSnapshot(request, { signal }) {
      return { snapshot: snapshotMessage(await createSnapshot(context, request, signal)) };
    },

    async deleteSnapshot({ snapshotId }, { signal }) {
      await deleteSnapshot(context, snapshotId, signal);
      return {};
    },

    async listSnapshots(request) {
      const { informer } = context.snapshots;
      const { snapshotId, sourceVolumeId } = request;
      const named = snapshotId ? [informer.get({ name: snapshotId })].filter((it) => it !== undefined) : undefined;
      const found = named ?? (sourceVolumeId ? snapshotsOf(sourceVolumeId) : [...informer.list()]);
      const wanted = found.filter(({ spec }) => !sourceVolumeId || spec.volume === sourceVolumeId);
      const { items, nextToken } = pageOf(wanted, request);
      return { entries: items.map((snapshot) => ({ snapshot: snapshotMessage(snapshot) })), nextToken };
    },

    async controllerExpandVolume(request, { signal }) {
      const volume = await expandVolume(context, request, signal);
      const { capacityBytes } = volumeMessage(volume);
      return { capacityBytes: capacityBytes ?? 0n, nodeExpansionRequired: volume.spec.mode === 'Filesystem' };
    },
  };
}
