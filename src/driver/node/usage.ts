import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  type NodeExpandVolumeRequest,
  type NodeGetVolumeStatsRequest,
  type NodeGetVolumeStatsResponseSchema,
  VolumeUsage_Unit as Unit,
} from '../../csi/protocol/csi_pb.ts';
import { fail } from '../../lib/errors.ts';
import { volumes } from '../../model/kinds/moorage.ts';
import { bytesOf } from '../../model/quantity.ts';
import { growFilesystem, needsGrowth } from '../../node/filesystem/filesystem.ts';
import { deviceSize, filesystemStatistics } from '../../node/filesystem/statistics.ts';
import { canonical, mountAt } from '../../node/mountinfo.ts';
import { isDeviceReadOnly, type NodeRecord } from './device-mode.ts';
import { inlineRecord } from './inline.ts';
import type { NodeContext } from './node-context.ts';

/** How full the volume is that is at that path. Throws `not-found` if it is not there. */
export async function volumeStatistics(
  context: NodeContext,
  { volumeId: name, volumePath: path }: NodeGetVolumeStatsRequest,
): Promise<MessageInitShape<typeof NodeGetVolumeStatsResponseSchema>> {
  const doing = `looking how full volume ${name} is`;
  if (!path) fail('invalid', `${doing}: no volume path is given`);
  const record = await recordAt(context, doing, name, path);
  if (record.mode === 'Block') return { usage: [{ unit: Unit.BYTES, total: await deviceSize(path) }] };
  const own = await context.engine.node.usage({ pool: record.pool, name: record.volume }).catch(() => undefined);
  const it = await filesystemStatistics(path).catch((error: NodeJS.ErrnoException) => {
    // While it is let go, the path goes before the record of it.
    if (error.code === 'ENOENT') fail('not-found', `${doing}: it is not at ${path} any more`, error);
    throw error;
  });
  const { total, used, available } = own ?? it;
  return {
    usage: [
      { unit: Unit.BYTES, total, used, available },
      { unit: Unit.INODES, total: it.inodes, used: it.inodesUsed, available: it.inodesFree },
    ],
  };
}

/** Lets the file system of a mounted volume fill it, and returns the volume's bytes. */
export async function expandOnNode(context: NodeContext, request: NodeExpandVolumeRequest): Promise<bigint> {
  const { volumeId: name, volumePath: path } = request;
  const { api, engine, exec } = context;
  const doing = `growing the file system of volume ${name}`;
  if (!path) fail('invalid', `${doing}: no volume path is given`);
  const record = await recordAt(context, doing, name, path);
  const ref = { pool: record.pool, name };
  // This also lets the device have the volume's full size.
  const readOnly = record.readOnly || isDeviceReadOnly(record, context.kubelet);
  const attached = await engine.node.attach(ref, { readOnly });
  if (attached.kind === 'directory' || record.readOnly) {
    const volume = await api.get(volumes, { name });
    return bytesOf(volume?.status?.size ?? '0');
  }
  if (record.mode === 'Block') return deviceSize(attached.path);
  const fsType = (await mountAt(record.staging))?.fsType;
  if (fsType !== 'ext4' && fsType !== 'xfs') fail('in-use', `${doing}: it is not staged any more; stage it again`);
  if (fsType === 'xfs' || (await needsGrowth(attached.path, fsType))) {
    await growFilesystem(exec, { device: attached.path, target: record.staging, fsType });
  }
  return deviceSize(attached.path);
}

/** The record of a volume that is staged or published at that path. */
async function recordAt(context: NodeContext, doing: string, name: string, path: string): Promise<NodeRecord> {
  const record = (await inlineRecord(context, name)) ?? (await context.records.load(name));
  if (!record) return fail('not-found', `${doing}: it is not on this node`);
  const wanted = await canonical(path);
  for (const known of [record.staging, ...record.published.map(({ target }) => target)]) {
    if ((await canonical(known)) === wanted) return record;
  }
  return fail('not-found', `${doing}: it is not at ${path}`);
}
