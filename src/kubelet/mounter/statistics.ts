import { VolumeUsage_Unit as Unit } from '../../csi/protocol/csi_pb.ts';
import { filesystemStatistics } from '../../node/filesystem/statistics.ts';
import type { DriverRegistry } from '../../sidecars/drivers/driver.ts';
import type { MountLedger, MountRecord } from './mount-ledger.ts';

/** How full a mounted volume is. Bytes and inodes; a raw block volume has only its total. */
export interface MountedVolume {
  readonly namespace: string;
  /** Name of the Mount. */
  readonly mount: string;
  readonly volume: string;
  readonly driver: string | undefined;
  readonly path: string;
  readonly total: bigint;
  readonly used: bigint | undefined;
  readonly available: bigint | undefined;
  readonly inodes: bigint | undefined;
  readonly inodesUsed: bigint | undefined;
}

/** Asks the driver of each mounted volume, or where it does not know the file system itself. What fails is left out. */
export async function mountedVolumes(of: {
  readonly drivers: DriverRegistry;
  readonly ledger: MountLedger;
}): Promise<readonly MountedVolume[]> {
  const answers = await Promise.allSettled(of.ledger.all().map((record) => statisticsOf(of.drivers, record)));
  return answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
}

async function statisticsOf(drivers: DriverRegistry, record: MountRecord): Promise<MountedVolume> {
  const { namespace, name: mount, volume, source, target: path } = record;
  const driver = source.kind === 'csi' ? drivers.get(source.driver) : undefined;
  const where = { namespace, mount, volume, driver: source.kind === 'csi' ? source.driver : undefined, path };
  if (source.kind === 'csi' && driver?.capabilities.volumeStatistics) {
    const request = { volumeId: source.handle, volumePath: path, stagingTargetPath: source.staging ?? '' };
    const { usage } = await driver.client.node.nodeGetVolumeStats(request, { timeout: 10_000 });
    const bytes = usage.find(({ unit }) => unit === Unit.BYTES);
    const inodes = usage.find(({ unit }) => unit === Unit.INODES);
    return {
      ...where,
      total: bytes?.total ?? 0n,
      used: bytes?.used,
      available: bytes?.available,
      inodes: inodes?.total,
      inodesUsed: inodes?.used,
    };
  }
  return { ...where, ...(await filesystemStatistics(path)) };
}
