import type { CapacityRange } from '../../csi/protocol/csi_pb.ts';
import { RpcError } from '../../csi/transport/codes.ts';
import { status } from '../../csi/transport/status.ts';
import { fail } from '../../lib/errors.ts';
import type { FsType } from '../../model/filesystems/types.ts';
import { largestVolume } from '../../model/kinds/moorage.ts';
import { formatBytes } from '../../model/quantity.ts';
import { larger, roundDown, roundUp, sizeUnit } from '../../model/sizes.ts';

const defaultSize = 1n << 30n;

/** Smallest volume that is worth its file system, and why. */
function smallest(fsType: FsType | 'none'): { readonly bytes: bigint; readonly why: string } {
  switch (fsType) {
    case 'ext4':
      return { bytes: 16n << 20n, why: 'ext4 needs room for its journal' };
    case 'xfs':
      return { bytes: 300n << 20n, why: 'mkfs.xfs makes nothing smaller' };
    case 'none':
      return { bytes: sizeUnit, why: 'it is the unit of allocation' };
  }
}

/** Bytes that can be asked for: required at least, limit at most; 0 stands for either not being given. */
export interface Range {
  readonly required: bigint;
  readonly limit: bigint;
}

/** Throws `invalid` for a range that contradicts itself. */
export function readRange(doing: string, range: CapacityRange | undefined): Range {
  const required = range?.requiredBytes ?? 0n;
  const limit = range?.limitBytes ?? 0n;
  if (required < 0n || limit < 0n) fail('invalid', `${doing}: a size can't be negative`);
  if (limit > 0n && required > limit) {
    fail('invalid', `${doing}: it asks for at least ${required} bytes and at most ${limit}`);
  }
  return { required, limit };
}

/**
 * Bytes of a new volume: what is asked for, 1 GiB or the source's size if nothing is, never less than the source or
 * than the file system needs, in whole units of 4 KiB. Throws OUT_OF_RANGE if the limit does not allow that.
 */
export function chooseSize(
  doing: string,
  { required, limit }: Range,
  { fsType, source }: { readonly fsType: FsType | 'none'; readonly source?: bigint | undefined },
): bigint {
  const least = source === undefined ? smallest(fsType) : { bytes: source, why: 'its source has that size' };
  const whole = roundUp(required > 0n ? required : (source ?? capped(defaultSize, limit)));
  const size = larger(whole, roundUp(least.bytes));
  refuseTooLarge(doing, size);
  if (limit > 0n && size > limit) {
    const why = least.bytes > limit ? least.why : `sizes are multiples of ${sizeUnit} bytes`;
    const message = `${doing}: it would have ${formatBytes(size)} (${why}), and the limit is ${formatBytes(limit)}`;
    throw new RpcError(status.OUT_OF_RANGE, message);
  }
  return size;
}

/** Throws OUT_OF_RANGE for more bytes than a volume can have. */
export function refuseTooLarge(doing: string, size: bigint): void {
  if (size <= largestVolume) return;
  const message = `${doing}: ${formatBytes(size)} is more than a volume can have, which is ${formatBytes(largestVolume)}`;
  throw new RpcError(status.OUT_OF_RANGE, message);
}

/** True if a volume of that size is an answer to the range. */
export function isWithin(size: bigint, { required, limit }: Range): boolean {
  return size >= required && (limit === 0n || size <= limit);
}

function capped(bytes: bigint, limit: bigint): bigint {
  return limit > 0n && limit < bytes ? roundDown(limit) : bytes;
}
