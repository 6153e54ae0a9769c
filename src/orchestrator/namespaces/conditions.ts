import { timestamp } from '../../lib/clock.ts';
import { type Kind, resourceOf } from '../../model/kind.ts';
import type { Condition, KubeObject } from '../../model/object.ts';

/** What is in a namespace, of one kind. */
export interface Content {
  readonly kind: Kind;
  readonly objects: readonly KubeObject[];
}

/** The conditions of a namespace that is being emptied, in Kubernetes' words. Others that it has are kept. */
export function conditionsOf(left: readonly Content[], before: readonly Condition[]): Condition[] {
  const finalizers = new Map<string, number>();
  for (const { objects } of left) {
    for (const finalizer of objects.flatMap(({ metadata }) => metadata.finalizers ?? [])) {
      finalizers.set(finalizer, (finalizers.get(finalizer) ?? 0) + 1);
    }
  }
  const resources = left.map(({ kind, objects }) => `${dotted(kind)} has ${objects.length} resource instances`);
  const waits = [...finalizers].map(([finalizer, count]) => `${finalizer} in ${count} resource instances`);
  const now: Condition[] = [
    no('NamespaceDeletionDiscoveryFailure', 'ResourcesDiscovered', 'All resources successfully discovered'),
    no(
      'NamespaceDeletionGroupVersionParsingFailure',
      'ParsedGroupVersions',
      'All legacy kube types successfully parsed',
    ),
    no(
      'NamespaceDeletionContentFailure',
      'ContentDeleted',
      'All content successfully deleted, may be waiting on finalization',
    ),
    resources.length > 0
      ? yes('NamespaceContentRemaining', 'SomeResourcesRemain', `Some resources are remaining: ${list(resources)}`)
      : no('NamespaceContentRemaining', 'ContentRemoved', 'All content successfully removed'),
    waits.length > 0
      ? yes(
          'NamespaceFinalizersRemaining',
          'SomeFinalizersRemain',
          `Some content in the namespace has finalizers remaining: ${list(waits)}`,
        )
      : no('NamespaceFinalizersRemaining', 'ContentHasNoFinalizers', 'All content-preserving finalizers finished'),
  ];
  const others = before.filter(({ type }) => !now.some((it) => it.type === type));
  return [...others, ...now.map((it) => since(it, before))];
}

/** True if two lists of conditions say the same. */
export function sameConditions(one: readonly Condition[], other: readonly Condition[]): boolean {
  const text = (conditions: readonly Condition[]) =>
    conditions.map(({ type, status, reason, message }) => JSON.stringify([type, status, reason, message])).join();
  return text(one) === text(other);
}

function yes(type: string, reason: string, message: string): Condition {
  return { type, status: 'True', reason, message };
}

function no(type: string, reason: string, message: string): Condition {
  return { type, status: 'False', reason, message };
}

/** The time of the last transition: a condition that keeps its status keeps it. */
function since(condition: Condition, before: readonly Condition[]): Condition {
  const old = before.find(({ type }) => type === condition.type);
  const lastTransitionTime = old?.status === condition.status ? old.lastTransitionTime : timestamp();
  return { ...condition, lastTransitionTime: lastTransitionTime ?? timestamp() };
}

/** `persistentvolumeclaims.` for the core group, as Kubernetes prints it here. */
function dotted(kind: Kind): string {
  return kind.group === '' ? `${kind.plural}.` : resourceOf(kind);
}

function list(parts: readonly string[]): string {
  return parts.toSorted().join(', ');
}
