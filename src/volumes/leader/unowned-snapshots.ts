import { Controller, type Result } from '../../api/controller.ts';
import { ensureNoFinalizer } from '../../api/finalizers.ts';
import { type Snapshot, snapshots, volumes } from '../../model/kinds/moorage.ts';
import { isDeleting } from '../../model/object.ts';
import { byVolume } from '../agent/snapshot-controller.ts';
import { type Statement, withConditions } from '../conditions.ts';
import { failed } from '../failure.ts';
import { snapshotFinalizer } from '../finalizers.ts';
import { ensureNodeLabel } from '../node-label.ts';
import { ownerOfSnapshot, ownerOfVolume } from '../ownership.ts';
import type { ClusterView } from './cluster-view.ts';
import { sayNodeGone } from './node-gone.ts';

const lookAgain = 1_000;

/**
 * Answers for the Snapshots that no agent answers for, since they are nowhere and their volume is nowhere: fails those
 * of a volume that does not exist, and lets those go that are deleted.
 */
export function createUnownedSnapshotController(view: ClusterView): Controller {
  const { api, log } = view.options;
  const snapshotsOf = api.informer(snapshots).index(byVolume.name, byVolume.keys);
  const reconcile = async (name: string): Promise<Result> => {
    const snapshot = api.informer(snapshots).get({ name });
    if (!snapshot) return {};
    const { node } = ownerOfSnapshot(api, snapshot);
    if (node !== undefined) {
      await ensureNodeLabel(api, snapshots, snapshot, node);
      const stuck = isDeleting(snapshot) && snapshot.metadata.finalizers?.includes(snapshotFinalizer);
      if (stuck && !view.liveness.has(node)) await sayNodeGone(view, snapshots, snapshot, node);
      return {};
    }
    // The view may lag behind: the API itself has the last word.
    const volume = await api.get(volumes, { name: snapshot.spec.volume });
    if (volume && ownerOfVolume(api, volume).node !== undefined) return { again: lookAgain };
    if (isDeleting(snapshot)) await ensureNoFinalizer(api, snapshots, snapshot, snapshotFinalizer);
    else if (!volume && snapshot.status?.phase !== 'Failed') await fail(view, snapshot);
    return {};
  };
  return new Controller({ name: 'unowned-snapshot', log, reconcile })
    .watch(api.informer(snapshots), ({ metadata }) => [metadata.name])
    .watch(api.informer(volumes), ({ metadata, status }, { type, old }) => {
      const becameReady = status?.phase === 'Ready' && old?.status?.phase !== 'Ready';
      return type === 'deleted' || becameReady ? snapshotsOf(metadata.name).map((it) => it.metadata.name) : [];
    });
}

async function fail({ options: { api, events } }: ClusterView, snapshot: Snapshot): Promise<void> {
  const message = `there is no volume ${snapshot.spec.volume} to take it of`;
  const statement: Statement = { type: 'Ready', status: 'False', reason: 'VolumeNotFound', message };
  events.warning(snapshot, statement.reason, message);
  const conditions = withConditions(snapshot.status?.conditions, [statement], snapshot.metadata.generation);
  const status = { ...snapshot.status, ...failed('not-found', message), conditions };
  await api.updateStatus(snapshots, { ...snapshot, status });
}
