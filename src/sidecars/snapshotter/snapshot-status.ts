import { timestamp } from '../../lib/clock.ts';
import type { VolumeSnapshot, VolumeSnapshotContent } from '../../model/kinds/storage.ts';
import { formatBytes } from '../../model/quantity.ts';

type SnapshotStatus = NonNullable<VolumeSnapshot['status']>;

/** What a bound snapshot says, from what its content says. */
export function statusFromContent(content: VolumeSnapshotContent): SnapshotStatus {
  const { creationTime, restoreSize, readyToUse, error } = content.status ?? {};
  return {
    boundVolumeSnapshotContentName: content.metadata.name,
    readyToUse: readyToUse ?? false,
    ...(creationTime && { creationTime: timestamp(new Date(creationTime / 1e6)) }),
    ...(restoreSize && { restoreSize: formatBytes(BigInt(restoreSize)) }),
    ...(error && { error }),
  };
}

/** True if both say the same. */
export function isSameStatus(one: SnapshotStatus | undefined, other: SnapshotStatus): boolean {
  const parts = (status: SnapshotStatus | undefined) =>
    JSON.stringify([
      status?.boundVolumeSnapshotContentName ?? null,
      status?.readyToUse ?? null,
      status?.creationTime ?? null,
      status?.restoreSize ?? null,
      status?.error?.message ?? null,
    ]);
  return parts(one) === parts(other);
}
