import type { CreateVolumeRequest } from '../../csi/protocol/csi_pb.ts';
import { fail, isCode } from '../../lib/errors.ts';
import { type Refusal, snapshots, type Volume, volumes } from '../../model/kinds/moorage.ts';
import { isDeleting } from '../../model/object.ts';
import { bytesOf } from '../../model/quantity.ts';
import { isGoing } from '../../volumes/conditions.ts';
import { volumeFinalizer } from '../../volumes/finalizers.ts';
import { nodeAnnotation, nodeLabel } from '../../volumes/node-label.ts';
import type { ControllerContext } from '../context.ts';
import { objectName } from '../object-names.ts';
import { type CopySource, type RequestedVolume, readCreateVolume, whyOther } from '../requests/requested-volume.ts';
import { failAs } from './failed.ts';
import { refusalText, refusalWords } from './refusals.ts';
import { deleteAsSeen } from './withdraw.ts';

/** What making a Volume takes. */
export type MakingContext = Pick<ControllerContext, 'api' | 'room' | 'volumes'>;

/** Ensures the Volume that the request asks for, and waits until it is Ready. */
export async function createVolume(
  context: ControllerContext,
  request: CreateVolumeRequest,
  signal: AbortSignal,
): Promise<Volume> {
  if (!request.name) fail('invalid', 'creating a volume: no name is given');
  const name = objectName('vol', request.name);
  const doing = `creating volume ${name}`;
  const wish = readCreateVolume(doing, request, await findSource(context, doing, request));
  return ensureVolume(context, { doing, name, wish }, signal);
}

/** A Volume to be made: its name, and what it is to be like. */
export interface VolumeToMake {
  readonly doing: string;
  readonly name: string;
  readonly wish: RequestedVolume;
}

/**
 * Ensures the Volume, and waits until it is Ready. Where there is surely no room nothing is written at all. A refused
 * or failed one is withdrawn, so that a failed creation leaves nothing; when time is up it stays, for the retry to
 * find. A pool that has less room than was known is passed over for the next one.
 */
export async function ensureVolume(context: MakingContext, make: VolumeToMake, signal: AbortSignal): Promise<Volume> {
  const { doing, name, wish } = make;
  const refused: Refusal[] = [];
  try {
    for (;;) {
      const seen = await untilSettled(context, doing, await ensureObject(context, make, refused), signal);
      if (seen.status?.phase === 'Ready') return seen;
      // The informer may have seen less than the Volume has come to since: then this looks again.
      if (!(await deleteAsSeen(context.api, volumes, context.volumes, seen, signal))) continue;
      if (seen.status?.phase === 'Failed') failAs(doing, seen);
      const refusals = (seen.status?.refusals ?? []).filter(({ pool }) => pool === seen.spec.pool);
      if (wish.spec.pool !== undefined || refusals.length === 0) fail('exhausted', `${doing}: ${refusalText(seen)}`);
      refused.push(...refusals);
    }
  } finally {
    context.room.letGo(name);
  }
}

async function untilSettled({ volumes: view }: MakingContext, doing: string, volume: Volume, signal: AbortSignal) {
  return view.until(volume.metadata.name, (now) => settled(doing, now, volume), signal);
}

/** The Volume once it is clear what becomes of it. */
function settled(doing: string, now: Volume | undefined, made: Volume): Volume | undefined {
  if (now === undefined) return undefined;
  if (now.metadata.uid !== made.metadata.uid || isDeleting(now)) {
    return fail('busy', `${doing}: the Volume was deleted meanwhile; try again`);
  }
  const { phase, refusals = [] } = now.status ?? {};
  return phase === 'Ready' || phase === 'Failed' || refusals.length > 0 ? now : undefined;
}

async function ensureObject(
  { api, room, volumes: view }: MakingContext,
  { doing, name, wish }: VolumeToMake,
  refused: readonly Refusal[],
): Promise<Volume> {
  const present = view.informer.get({ name });
  if (present) return checkPresent(doing, present, wish);
  const { mountFlags } = wish;
  const { pool, node, refusals } = room.setAside(name, wish.spec, { mountFlags, refused });
  if (refusals.length > 0) {
    // The view may lag behind: one that is there already has its room.
    const found = await api.get(volumes, { name });
    if (found) return checkPresent(doing, found, wish);
    fail('exhausted', `${doing}: ${refusalWords(refusals)}`);
  }
  try {
    // With the finalizer and the pool from the start, the controller needs a write or two less.
    const { annotations } = wish;
    const labels = { ...wish.labels, ...(node !== undefined && nodeLabel(node)) };
    const marked = { ...annotations, ...(node !== undefined && nodeAnnotation(node)) };
    const metadata = { name, annotations: marked, labels, finalizers: [volumeFinalizer] };
    const spec = { ...wish.spec, pool: pool ?? wish.spec.pool };
    return await api.create(volumes, { apiVersion: 'moorage.dev/v1alpha1', kind: 'Volume', metadata, spec });
  } catch (error) {
    if (!isCode(error, 'already-exists')) throw error;
    const found = await api.get(volumes, { name });
    if (!found) return fail('busy', `${doing}: one of that name was just deleted; try again`, error);
    return checkPresent(doing, found, wish);
  }
}

function checkPresent(doing: string, present: Volume, wish: RequestedVolume): Volume {
  if (isDeleting(present)) fail('busy', `${doing}: one of that name is being deleted; try again`);
  const why = whyOther(present, wish);
  if (why) fail('already-exists', `${doing}: there is another volume of that name: ${why}`);
  return present;
}

async function findSource(
  { api, volumes: volumeView, snapshots: snapshotView }: ControllerContext,
  doing: string,
  { volumeContentSource }: CreateVolumeRequest,
): Promise<CopySource | undefined> {
  if (!volumeContentSource) return undefined;
  const { type } = volumeContentSource;
  switch (type.case) {
    case 'snapshot': {
      const name = type.value.snapshotId;
      const found = name ? (snapshotView.informer.get({ name }) ?? (await api.get(snapshots, { name }))) : undefined;
      if (!found || isGoing(found)) return fail('not-found', `${doing}: there is no snapshot "${name}"`);
      if (found.status?.phase !== 'Ready') return fail('not-ready', `${doing}: snapshot ${name} is not ready yet`);
      return { kind: 'Snapshot', name, size: bytesOf(found.status.size ?? '0') };
    }
    case 'volume': {
      const name = type.value.volumeId;
      const found = name ? (volumeView.informer.get({ name }) ?? (await api.get(volumes, { name }))) : undefined;
      if (!found || isGoing(found)) return fail('not-found', `${doing}: there is no volume "${name}" to copy`);
      if (found.status?.phase !== 'Ready') return fail('not-ready', `${doing}: volume ${name} is not ready yet`);
      return { kind: 'Volume', name, size: bytesOf(found.status.size ?? found.spec.size) };
    }
    default:
      return fail('invalid', `${doing}: the content source names neither a snapshot nor a volume`);
  }
}
