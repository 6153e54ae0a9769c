import type { ControllerExpandVolumeRequest } from '../../csi/protocol/csi_pb.ts';
import { RpcError } from '../../csi/transport/codes.ts';
import { status } from '../../csi/transport/status.ts';
import { fail, isCode } from '../../lib/errors.ts';
import { type Volume, volumes } from '../../model/kinds/moorage.ts';
import { isDeleting } from '../../model/object.ts';
import { bytesOf, formatBytes } from '../../model/quantity.ts';
import { larger, roundUp } from '../../model/sizes.ts';
import type { ControllerContext } from '../context.ts';
import { readRange, refuseTooLarge } from '../requests/size.ts';
import { refusalText, refusalWords } from './refusals.ts';

/** Ensures at least the size that is asked for, and waits until the volume has it. Never shrinks. */
export async function expandVolume(
  context: ControllerContext,
  { volumeId: name, capacityRange }: ControllerExpandVolumeRequest,
  signal: AbortSignal,
): Promise<Volume> {
  if (!name) fail('invalid', 'growing a volume: no volume id is given');
  const doing = `growing volume ${name}`;
  if (!capacityRange) fail('invalid', `${doing}: no capacity range is given`);
  const range = readRange(doing, capacityRange);
  const size = roundUp(range.required);
  refuseTooLarge(doing, size);
  const volume = await raiseSize(context, doing, name, size, range.limit);
  return context.volumes.until(
    name,
    (now) => {
      if (!now) return undefined;
      if (now.metadata.uid !== volume.metadata.uid || isDeleting(now)) fail('not-found', `${doing}: it was deleted`);
      if (bytesOf(now.status?.size ?? '0') >= size) return now;
      const answered = (now.metadata.generation ?? 0) >= (volume.metadata.generation ?? 0);
      const refused = answered && (now.status?.refusals ?? []).length > 0;
      return refused ? fail('exhausted', `${doing} to ${formatBytes(size)}: ${refusalText(now)}`) : undefined;
    },
    signal,
  );
}

async function raiseSize(
  { api, room, volumes: view }: ControllerContext,
  doing: string,
  name: string,
  size: bigint,
  limit: bigint,
): Promise<Volume> {
  // What was seen last will do for the first try: nothing is written over what has changed since.
  for (let seen = view.informer.get({ name }); ; seen = undefined) {
    const volume = seen ?? (await api.get(volumes, { name }));
    if (!volume || isDeleting(volume)) return fail('not-found', `${doing}: there is no such volume`);
    const present = bytesOf(volume.spec.size);
    if (limit > 0n && (present > limit || size > limit)) {
      const message = `${doing}: it would have ${formatBytes(larger(present, size))}, more than the limit`;
      throw new RpcError(status.OUT_OF_RANGE, message);
    }
    if (present >= size) return volume;
    // A wish that can't be fulfilled could not be taken back, so it is not made.
    const refusals = room.setAsideGrowth(volume, size);
    if (refusals.length > 0) {
      const remedy = 'grow the pool, or delete volumes';
      fail('exhausted', `${doing} by ${formatBytes(size - present)}: ${refusalWords(refusals)}; ${remedy}`);
    }
    try {
      return await api.update(volumes, { ...volume, spec: { ...volume.spec, size: formatBytes(size) } });
    } catch (error) {
      room.letGrowthGo(volume);
      if (!isCode(error, 'conflict')) throw error;
    }
  }
}
