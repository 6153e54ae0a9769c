import type { Mount, Snapshot, Volume } from '../../model/kinds/index.ts';
import { type Condition, isDeleting, type KubeObject } from '../../model/object.ts';
import { deleteFailed, poolBroken, poolNotReady } from '../../volumes/conditions.ts';
import { count } from '../output/human.ts';
import { brokenLinks } from './broken-links.ts';
import { eventsOf, type World } from './world.ts';

/** Something that a person should look at: which object, as `explain` takes it, and what is wrong with it. */
export interface Problem {
  readonly object: string;
  readonly namespace?: string | undefined;
  readonly message: string;
}

/**
 * What is wrong. An object that only waits for its first consumer, or is being made this moment, is no problem.
 * `missing` are the Mounts that were looked for and are not there.
 */
export function findProblems(world: World, now = Date.now(), missing: readonly Mount[] = []): Problem[] {
  const isFresh = ({ metadata }: KubeObject) => now - Date.parse(metadata.creationTimestamp ?? '') < 5_000;
  const list: Problem[] = [];
  const add = (word: string, { metadata }: KubeObject, message: string) =>
    list.push({ object: `${word}/${metadata.name}`, namespace: metadata.namespace, message });

  for (const pool of world.pools) {
    const { phase = 'Pending', conditions } = pool.status ?? {};
    if (phase === 'Failed' || (phase !== 'Ready' && !isFresh(pool))) {
      const broken = conditions?.some(({ reason }) => reason === poolBroken);
      const on = world.volumes.filter(({ status }) => status?.placement?.pool === pool.metadata.name).length;
      const lost = broken && on > 0 ? `; ${count(on, 'volume')} on it can't be used` : '';
      add('pool', pool, `${readyMessage(conditions) ?? `it is ${phase}`}${lost}`);
    }
    for (const condition of warningsOf(conditions)) add('pool', pool, condition.message ?? condition.type);
  }
  for (const node of world.nodes) {
    const ready = node.status?.conditions?.find(({ type }) => type === 'Ready');
    if (ready?.status !== 'True') add('node', node, ready?.message ?? 'it is not ready');
  }
  for (const claim of world.claims) {
    const phase = claim.status?.phase ?? 'Pending';
    if (isDeleting(claim)) {
      const users = world.mounts.filter(
        ({ metadata, spec }) => metadata.namespace === claim.metadata.namespace && spec.claim === claim.metadata.name,
      );
      if (users.length > 0) add('pvc', claim, `it is being deleted, and waits for ${namesOf(users)} to go`);
    } else if (phase === 'Lost') {
      add('pvc', claim, `its volume ${claim.spec.volumeName} is gone`);
    } else if (phase === 'Pending') {
      const warning = lastWarning(world, claim);
      if (warning) add('pvc', claim, warning);
    }
    for (const condition of claim.status?.conditions ?? []) {
      if (/Error|Infeasible/.test(condition.type) && condition.status === 'True') {
        add('pvc', claim, condition.message ?? condition.type);
      }
    }
  }
  for (const volume of world.volumes) {
    if (volume.status?.phase === 'Failed') {
      add('volume', volume, readyMessage(volume.status.conditions) ?? 'it failed');
    }
    const stuck = whyNotDeleted(volume);
    if (stuck) add('volume', volume, stuck);
  }
  for (const snapshot of world.snapshots) {
    if (snapshot.status?.phase === 'Failed') {
      add('snapshot', snapshot, readyMessage(snapshot.status.conditions) ?? 'it failed');
    }
    const stuck = whyNotDeleted(snapshot);
    if (stuck) add('snapshot', snapshot, stuck);
  }
  list.push(...brokenLinks(world, now));
  for (const mount of world.mounts) {
    const phase = mount.status?.phase ?? 'Pending';
    const message = readyMessage(mount.status?.conditions);
    if (phase === 'Failed' || (phase !== 'Mounted' && message && !isFresh(mount))) {
      add('mount', mount, message ?? 'it failed');
    }
  }
  for (const mount of missing) {
    add('mount', mount, `nothing is mounted at ${mount.spec.path}: somebody has taken it off; ${putBack}`);
  }
  for (const snapshot of world.volumeSnapshots) {
    const error = snapshot.status?.error?.message;
    if (error && !snapshot.status?.readyToUse) add('volumesnapshot', snapshot, error);
  }
  return list;
}

/** Why a Volume that was made can't be used now, since its pool can't; undefined if nothing is known of that. */
export function whyUnusable({ status }: Pick<Volume, 'status'>): string | undefined {
  const ready = status?.conditions?.find(({ reason }) => reason === poolNotReady);
  return ready && `it can't be used now: ${ready.message}`;
}

/** What keeps the bytes of a Volume or Snapshot that is being deleted. */
function whyNotDeleted(object: Volume | Snapshot): string | undefined {
  const failed = object.status?.conditions?.find(({ reason }) => reason === deleteFailed);
  return isDeleting(object) ? failed?.message : undefined;
}

/** The message of a Ready condition that is not True. */
export function readyMessage(conditions: readonly Condition[] | undefined): string | undefined {
  const ready = conditions?.find(({ type }) => type === 'Ready');
  return ready && ready.status !== 'True' ? ready.message || ready.reason : undefined;
}

/** Conditions that warn: whatever is True beside Ready, such as NearlyFull. */
export function warningsOf(conditions: readonly Condition[] | undefined): Condition[] {
  return (conditions ?? []).filter(({ type, status }) => type !== 'Ready' && status === 'True');
}

/** The message of an object's newest event, if that is a warning. */
export function lastWarning(world: Pick<World, 'events'>, object: KubeObject): string | undefined {
  const last = eventsOf(world, object).at(-1);
  return last?.type === 'Warning' ? last.message : undefined;
}

const putBack = 'unmount and mount it again, or start Moorage again, which puts it back';

function namesOf(objects: readonly KubeObject[]): string {
  return objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`).join(', ');
}
