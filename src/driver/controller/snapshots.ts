import type { CreateSnapshotRequest } from '../../csi/protocol/csi_pb.ts';
import { fail, isCode } from '../../lib/errors.ts';
import { type Snapshot, snapshots, volumes } from '../../model/kinds/moorage.ts';
import { isDeleting } from '../../model/object.ts';
import { isGoing } from '../../volumes/conditions.ts';
import { snapshotFinalizer } from '../../volumes/finalizers.ts';
import { nodeAnnotation, nodeLabel } from '../../volumes/node-label.ts';
import type { ControllerContext } from '../context.ts';
import { canNameObject, objectName } from '../object-names.ts';
import { refuseUnknown } from '../requests/parameters.ts';
import { failAs } from './failed.ts';
import { deleteAsSeen, untilGone } from './withdraw.ts';

/** Ensures the Snapshot that the request asks for, and waits until it is Ready; a failed one is withdrawn. */
export async function createSnapshot(
  context: ControllerContext,
  request: CreateSnapshotRequest,
  signal: AbortSignal,
): Promise<Snapshot> {
  if (!request.name) fail('invalid', 'taking a snapshot: no name is given');
  if (!request.sourceVolumeId) fail('invalid', `taking snapshot ${request.name}: no volume is named`);
  const name = objectName('snap', request.name);
  const doing = `taking snapshot ${name} of volume ${request.sourceVolumeId}`;
  refuseUnknown(doing, request.parameters, []);
  const snapshot = await ensureObject(context, doing, name, request.sourceVolumeId);
  for (;;) {
    const seen = await context.snapshots.until(name, (now) => settled(doing, now, snapshot), signal);
    if (seen.status?.phase === 'Ready') return seen;
    if (await deleteAsSeen(context.api, snapshots, context.snapshots, seen, signal)) {
      failAs(doing, seen);
    }
  }
}

/** Ensures that there is no such snapshot. */
export async function deleteSnapshot(context: ControllerContext, name: string, signal: AbortSignal): Promise<void> {
  if (!name) fail('invalid', 'deleting a snapshot: no snapshot id is given');
  if (!canNameObject(name)) return;
  const { api, snapshots: view } = context;
  for (let seen = view.informer.get({ name }); ; seen = undefined) {
    const snapshot = seen ?? (await api.get(snapshots, { name }));
    if (!snapshot) return;
    if (isDeleting(snapshot)) return untilGone(api, snapshots, view, snapshot, signal);
    if (await deleteAsSeen(api, snapshots, view, snapshot, signal)) return;
  }
}

function settled(doing: string, now: Snapshot | undefined, made: Snapshot): Snapshot | undefined {
  if (now === undefined) return undefined;
  if (now.metadata.uid !== made.metadata.uid || isDeleting(now)) {
    return fail('busy', `${doing}: the Snapshot was deleted meanwhile; try again`);
  }
  return now.status?.phase === 'Ready' || now.status?.phase === 'Failed' ? now : undefined;
}

async function ensureObject(
  { api, snapshots: view, volumes: volumeView }: ControllerContext,
  doing: string,
  name: string,
  volume: string,
): Promise<Snapshot> {
  const present = view.informer.get({ name });
  if (present) return checkPresent(doing, present, volume);
  const source = volumeView.informer.get({ name: volume }) ?? (await api.get(volumes, { name: volume }));
  if (!source || isGoing(source)) return fail('not-found', `${doing}: there is no such volume`);
  try {
    const node = source.status?.placement?.node;
    const marks = node === undefined ? {} : { labels: nodeLabel(node), annotations: nodeAnnotation(node) };
    const metadata = { name, ...marks, finalizers: [snapshotFinalizer] };
    return await api.create(snapshots, {
      apiVersion: 'moorage.dev/v1alpha1',
      kind: 'Snapshot',
      metadata,
      spec: { volume },
    });
  } catch (error) {
    if (!isCode(error, 'already-exists')) throw error;
    const found = await api.get(snapshots, { name });
    if (!found) return fail('busy', `${doing}: one of that name was just deleted; try again`, error);
    return checkPresent(doing, found, volume);
  }
}

function checkPresent(doing: string, present: Snapshot, volume: string): Snapshot {
  if (isDeleting(present)) fail('busy', `${doing}: one of that name is being deleted; try again`);
  if (present.spec.volume !== volume) {
    fail('already-exists', `${doing}: there is another one of that name, of volume ${present.spec.volume}`);
  }
  return present;
}
