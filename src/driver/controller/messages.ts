import type { MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import type { SnapshotSchema, VolumeSchema } from '../../csi/protocol/csi_pb.ts';
import type { Snapshot, Volume } from '../../model/kinds/moorage.ts';
import { bytesOf } from '../../model/quantity.ts';
import { topologyOf } from '../topology.ts';

/** A Volume as CSI tells it. */
export function volumeMessage({ metadata, spec, status }: Volume): MessageInitShape<typeof VolumeSchema> {
  const { source } = spec;
  return {
    volumeId: metadata.name,
    capacityBytes: bytesOf(status?.size ?? spec.size),
    ...(status?.placement && { accessibleTopology: [topologyOf(status.placement.node)] }),
    ...(source && {
      contentSource:
        source.kind === 'Snapshot'
          ? { type: { case: 'snapshot', value: { snapshotId: source.name } } }
          : { type: { case: 'volume', value: { volumeId: source.name } } },
    }),
  };
}

/** A Snapshot as CSI tells it. */
export function snapshotMessage({ metadata, spec, status }: Snapshot): MessageInitShape<typeof SnapshotSchema> {
  const time = status?.creationTime ?? metadata.creationTimestamp;
  return {
    snapshotId: metadata.name,
    sourceVolumeId: spec.volume,
    sizeBytes: bytesOf(status?.size ?? '0'),
    readyToUse: status?.phase === 'Ready',
    ...(time && { creationTime: timestampFromDate(new Date(time)) }),
  };
}
