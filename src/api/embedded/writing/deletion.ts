import { timestamp } from '../../../lib/clock.ts';
import type { Kind } from '../../../model/kind.ts';
import type { Namespace } from '../../../model/kinds/core.ts';
import type { KubeObject } from '../../../model/object.ts';
import type { DeleteOptions } from '../../api.ts';

/** Keeps an owner until the objects that it owns and that block its deletion are gone. */
export const foregroundFinalizer = 'foregroundDeletion';

/** Keeps an owner until the objects that it owns no longer name it. */
export const orphanFinalizer = 'orphan';

/** The finalizers of an object whose deletion is asked for under a propagation policy. */
export function deletionFinalizers(
  finalizers: readonly string[],
  policy: DeleteOptions['propagationPolicy'],
): readonly string[] {
  if (policy === undefined) return finalizers;
  const others = finalizers.filter((it) => it !== foregroundFinalizer && it !== orphanFinalizer);
  switch (policy) {
    case 'Background':
      return others;
    case 'Foreground':
      return [...others, foregroundFinalizer];
    case 'Orphan':
      return [...others, orphanFinalizer];
  }
}

/** The object as one that waits for its finalizers. The time of the first asking stays. */
export function terminating<T extends KubeObject>(kind: Kind<T>, old: T, finalizers: readonly string[]): T {
  const { finalizers: _before, ...rest } = old.metadata;
  const metadata = finalizers.length > 0 ? { ...rest, finalizers: [...finalizers] } : rest;
  if (!metadata.deletionTimestamp) {
    metadata.deletionTimestamp = timestamp();
    // A namespace takes as long as its content takes.
    if (!isNamespace(old)) metadata.deletionGracePeriodSeconds = 0;
    if (kind.hasGeneration) metadata.generation = (metadata.generation ?? 0) + 1;
  }
  const next: T = { ...old, metadata };
  if (isNamespace(next)) next.status = { ...next.status, phase: 'Terminating' };
  return next;
}

/** How many finalizers an object waits for; those in the spec of a namespace count too. */
export function finalizersLeft(object: KubeObject): number {
  const inSpec = isNamespace(object) ? (object.spec?.finalizers?.length ?? 0) : 0;
  return (object.metadata.finalizers?.length ?? 0) + inSpec;
}

function isNamespace(object: KubeObject): object is Namespace {
  return object.kind === 'Namespace' && object.apiVersion === 'v1';
}
