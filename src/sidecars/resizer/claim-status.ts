import { timestamp } from '../../lib/clock.ts';
import { unreachable } from '../../lib/errors.ts';
import type { PersistentVolumeClaim } from '../../model/kinds/core.ts';
import type { Condition } from '../../model/object.ts';
import { formatBytes } from '../../model/quantity.ts';

type ClaimStatus = NonNullable<PersistentVolumeClaim['status']>;

/** How far the growth of a claim is. https://kubernetes.io/docs/concepts/storage/persistent-volumes/#recovering-from-failure-when-expanding-volumes */
export type GrowthProgress =
  | { readonly at: 'controller'; readonly size: bigint }
  | { readonly at: 'controller-failed'; readonly size: bigint; readonly message: string; readonly infeasible: boolean }
  | { readonly at: 'node'; readonly size: bigint }
  | { readonly at: 'end'; readonly size: bigint };

const ours = ['Resizing', 'FileSystemResizePending', 'ControllerResizeError', 'NodeResizeError'];

/** The status of a claim whose growth is that far; the same object if that is what it says already. */
export function withProgress(status: ClaimStatus, progress: GrowthProgress, now = new Date()): ClaimStatus {
  const size = formatBytes(progress.size);
  const { allocatedResourceStatuses, allocatedResources, ...kept } = status;
  const { storage: _, ...otherStatuses } = allocatedResourceStatuses ?? {};
  const state = resizeState(progress);
  const statuses = state ? { ...otherStatuses, storage: state } : otherStatuses;
  const next: ClaimStatus = {
    ...kept,
    ...(progress.at === 'end' && { capacity: { ...status.capacity, storage: size } }),
    allocatedResources: { ...allocatedResources, storage: size },
    ...(Object.keys(statuses).length > 0 && { allocatedResourceStatuses: statuses }),
  };
  const conditions = [
    ...(status.conditions ?? []).filter(({ type }) => !ours.includes(type)),
    ...conditionsOf(progress).map((wanted) => keepTime(wanted, status.conditions, now)),
  ];
  if (conditions.length > 0 || status.conditions) next.conditions = conditions;
  return same(status, next) ? status : next;
}

/**
 * The claim with that status and, for kubelets, the word on whether nodes have a part in it: each node of a volume that
 * many write to would otherwise try.
 */
export function progressed(
  claim: PersistentVolumeClaim,
  status: ClaimStatus,
  { at }: GrowthProgress,
): PersistentVolumeClaim {
  const { [nodeExpansionNotRequired]: _, ...rest } = claim.metadata.annotations ?? {};
  const annotations = at === 'end' ? { ...rest, [nodeExpansionNotRequired]: 'true' } : rest;
  return { ...claim, metadata: { ...claim.metadata, annotations }, status };
}

const nodeExpansionNotRequired = 'volume.kubernetes.io/node-expansion-not-required';

function resizeState(progress: GrowthProgress): string | undefined {
  switch (progress.at) {
    case 'controller':
      return 'ControllerResizeInProgress';
    case 'controller-failed':
      return progress.infeasible ? 'ControllerResizeInfeasible' : 'ControllerResizeInProgress';
    case 'node':
      return 'NodeResizePending';
    case 'end':
      return undefined;
    default:
      return unreachable(progress);
  }
}

function conditionsOf(progress: GrowthProgress): Condition[] {
  switch (progress.at) {
    case 'controller':
      return [{ type: 'Resizing', status: 'True' }];
    case 'controller-failed':
      return [
        { type: 'Resizing', status: 'True' },
        { type: 'ControllerResizeError', status: 'True', message: progress.message },
      ];
    case 'node': {
      const message = 'Waiting for user to (re-)start a pod to finish file system resize of volume on node.';
      return [{ type: 'FileSystemResizePending', status: 'True', message }];
    }
    case 'end':
      return [];
    default:
      return unreachable(progress);
  }
}

function keepTime(wanted: Condition, before: readonly Condition[] | undefined, now: Date): Condition {
  const old = before?.find(({ type, status }) => type === wanted.type && status === wanted.status);
  return { ...wanted, lastTransitionTime: old?.lastTransitionTime ?? timestamp(now) };
}

function same(one: ClaimStatus, other: ClaimStatus): boolean {
  const parts = ({ capacity, allocatedResources, allocatedResourceStatuses, conditions }: ClaimStatus) =>
    JSON.stringify([
      capacity?.['storage'],
      allocatedResources?.['storage'],
      allocatedResourceStatuses?.['storage'],
      (conditions ?? []).map(({ type, status, message }) => [type, status, message]),
    ]);
  return parts(one) === parts(other);
}
