import { foregroundFinalizer, orphanFinalizer } from '../../api/embedded/writing/deletion.ts';
import type { KubeObject, OwnerReference } from '../../model/object.ts';

/**
 * What is known of the owner that a reference names: it is there; it is being deleted and waits for its dependents; it
 * is gone; or nothing, since its kind is not served here.
 */
export type OwnerState = 'there' | 'waiting' | 'gone' | 'unknown';

/** What to do with an object that has owners, or is one. */
export type CollectionStep =
  | { readonly do: 'delete'; readonly policy: 'Background' | 'Foreground' | 'Orphan' }
  | { readonly do: 'drop-owners'; readonly uids: readonly string[] }
  | { readonly do: 'release-dependents' }
  | { readonly do: 'drop-finalizer'; readonly finalizer: string };

/** An object, with what it depends on and what depends on it. */
export interface Seen {
  readonly object: KubeObject;
  readonly ownerState: (reference: OwnerReference) => OwnerState;
  /** Objects that name this one as an owner. */
  readonly dependents: readonly KubeObject[];
}

/**
 * What garbage collection asks for, in order: a deleted owner waits in the foreground for those that block it, or
 * leaves its dependents behind; an object goes when none of its owners is there any more.
 * https://kubernetes.io/docs/concepts/architecture/garbage-collection/#cascading-deletion
 */
export function planGarbageCollection(seen: Seen): CollectionStep[] {
  return seen.object.metadata.deletionTimestamp ? planOwner(seen) : planDependent(seen);
}

function planOwner({ object: { metadata }, dependents }: Seen): CollectionStep[] {
  const has = (finalizer: string) => metadata.finalizers?.includes(finalizer) ?? false;
  const steps: CollectionStep[] = [];
  if (has(orphanFinalizer)) {
    if (dependents.length > 0) steps.push({ do: 'release-dependents' });
    steps.push({ do: 'drop-finalizer', finalizer: orphanFinalizer });
  }
  if (has(foregroundFinalizer) && !dependents.some((it) => blocks(it, metadata.uid))) {
    steps.push({ do: 'drop-finalizer', finalizer: foregroundFinalizer });
  }
  return steps;
}

function planDependent({ object: { metadata }, ownerState, dependents }: Seen): CollectionStep[] {
  const { ownerReferences = [], finalizers = [], uid } = metadata;
  if (ownerReferences.length === 0) return [];
  const owners = ownerReferences.map((reference) => ({ uid: reference.uid, state: ownerState(reference) }));
  if (owners.some(({ state }) => state === 'there' || state === 'unknown')) {
    const uids = owners.filter(({ state }) => state === 'gone' || state === 'waiting').map((owner) => owner.uid);
    return uids.length > 0 ? [{ do: 'drop-owners', uids }] : [];
  }
  const waitedFor = owners.some(({ state }) => state === 'waiting');
  if (waitedFor && dependents.some((it) => blocks(it, uid))) return [{ do: 'delete', policy: 'Foreground' }];
  return [{ do: 'delete', policy: policyOf(finalizers) }];
}

function blocks(dependent: KubeObject, owner: string | undefined): boolean {
  return (dependent.metadata.ownerReferences ?? []).some((it) => it.uid === owner && it.blockOwnerDeletion === true);
}

function policyOf(finalizers: readonly string[]): 'Background' | 'Foreground' | 'Orphan' {
  if (finalizers.includes(orphanFinalizer)) return 'Orphan';
  return finalizers.includes(foregroundFinalizer) ? 'Foreground' : 'Background';
}
