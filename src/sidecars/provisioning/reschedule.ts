import { isCode } from '../../lib/errors.ts';
import { selectedNodeAnnotation } from '../../model/claims/well-known.ts';
import { nodes, type PersistentVolumeClaim, persistentVolumeClaims } from '../../model/kinds/core.ts';
import { refTo } from '../../model/object.ts';
import type { ProvisionerParts } from './parts.ts';

/** The node that was chosen for the claim's first consumer, if one was and it is no more. */
export function goneNodeOf({ api }: ProvisionerParts, claim: PersistentVolumeClaim): string | undefined {
  const node = claim.metadata.annotations?.[selectedNodeAnnotation];
  return node !== undefined && api.informer(nodes).get({ name: node }) === undefined ? node : undefined;
}

/**
 * There can't be a volume on the node that was chosen: takes the choice back, so that whoever made it makes another.
 * Returns false where nobody would: for a claim without a node, or on a machine that is the only one.
 */
export async function reschedule(
  { api, claims, wants, hasScheduler }: ProvisionerParts,
  claim: PersistentVolumeClaim,
  driver: string,
): Promise<boolean> {
  const node = claim.metadata.annotations?.[selectedNodeAnnotation];
  if (node === undefined || (!hasScheduler && wants.nodesWith(driver) < 2)) return false;
  const path = `/metadata/annotations/${selectedNodeAnnotation.replaceAll('/', '~1')}`;
  const body = [
    { op: 'test', path, value: node },
    { op: 'remove', path },
  ];
  try {
    claims.note(await api.patch(persistentVolumeClaims, refTo(claim), { type: 'json', body }));
  } catch (error) {
    // Somebody has made another choice already, or the claim is gone.
    if (!isCode(error, 'invalid', 'not-found')) throw error;
  }
  return true;
}
