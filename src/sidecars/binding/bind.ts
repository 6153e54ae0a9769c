import type { Api } from '../../api/api.ts';
import { hasFinalizer } from '../../api/finalizers.ts';
import { isCode } from '../../lib/errors.ts';
import {
  bindCompletedAnnotation,
  boundByControllerAnnotation,
  provisioningFinalizer,
} from '../../model/claims/well-known.ts';
import {
  type PersistentVolume,
  type PersistentVolumeClaim,
  persistentVolumeClaims,
  persistentVolumes,
} from '../../model/kinds/core.ts';
import { refTo } from '../../model/object.ts';
import type { Freshest } from '../objects/freshest.ts';

/** What binding works with: the API, and what it has written there. */
export interface BindingParts {
  readonly api: Api;
  readonly claims: Freshest<PersistentVolumeClaim>;
  readonly volumes: Freshest<PersistentVolume>;
}

/**
 * Binding to a volume that was made for a claim is written in the order that keeps Kubernetes' binder from having to
 * correct anything. First the volume says that it is bound: whenever the binder looks at it, it then has nothing to
 * write, and goes on to the next. Only then the claim names it. That can happen once only, for ever, and the server
 * refuses whoever comes second.
 */
export async function markBound({ api, volumes }: BindingParts, volume: PersistentVolume): Promise<PersistentVolume> {
  if (volume.status?.phase === 'Bound') return volume;
  const body = { metadata: { uid: volume.metadata.uid }, status: { phase: 'Bound' } };
  return volumes.note(
    await api.patch(persistentVolumes, refTo(volume), { type: 'strategic', body }, { subresource: 'status' }),
  );
}

/**
 * Writes on the claim, as the binder would, that it is bound to the volume; only what is not written yet. Returns false
 * if the claim has been bound to another volume, or is gone.
 */
export async function bindClaim(
  parts: BindingParts,
  claim: PersistentVolumeClaim,
  volume: PersistentVolume,
): Promise<boolean> {
  const named = await nameVolume(parts, claim, volume);
  if (!named) return false;
  await markClaim(parts, named, volume);
  return true;
}

/**
 * Gives up a volume that was made for a claim which has been bound to another one. It was never bound, so nobody's data
 * is in it: it goes, whatever becomes of volumes of its class. Throws `conflict` if the volume has changed since.
 */
export async function withdraw({ api, volumes }: BindingParts, volume: PersistentVolume): Promise<void> {
  let current = volume;
  const condition = () => ({ uid: current.metadata.uid, resourceVersion: current.metadata.resourceVersion });
  if (volume.spec.persistentVolumeReclaimPolicy !== 'Delete') {
    const body = { metadata: condition(), spec: { persistentVolumeReclaimPolicy: 'Delete' } };
    current = volumes.note(await api.patch(persistentVolumes, refTo(volume), { type: 'merge', body }));
  }
  const body = { metadata: condition(), status: { phase: 'Released' } };
  volumes.note(
    await api.patch(persistentVolumes, refTo(volume), { type: 'strategic', body }, { subresource: 'status' }),
  );
}

/** The claim with its volume's name on it, or undefined if another volume's name is there already. */
async function nameVolume(
  { api, claims }: BindingParts,
  claim: PersistentVolumeClaim,
  { metadata: { name } }: PersistentVolume,
): Promise<PersistentVolumeClaim | undefined> {
  const { annotations = {}, uid } = claim.metadata;
  const isNamed = claim.spec.volumeName === name;
  if (isNamed && annotations[bindCompletedAnnotation] && !hasFinalizer(claim, provisioningFinalizer)) return claim;
  const marks = { [bindCompletedAnnotation]: 'yes', ...(!isNamed && { [boundByControllerAnnotation]: 'yes' }) };
  const body = {
    metadata: { uid, annotations: marks, '$deleteFromPrimitiveList/finalizers': [provisioningFinalizer] },
    spec: { volumeName: name },
  };
  try {
    return claims.note(await api.patch(persistentVolumeClaims, refTo(claim), { type: 'strategic', body }));
  } catch (error) {
    if (!isCode(error, 'invalid', 'conflict', 'not-found')) throw error;
    const now = await api.get(persistentVolumeClaims, refTo(claim));
    if (!now || now.metadata.uid !== uid) return undefined;
    claims.note(now);
    if (now.spec.volumeName && now.spec.volumeName !== name) return undefined;
    throw error;
  }
}

/** The size is taken over when the claim becomes Bound; after that, growth owns it. */
async function markClaim(
  { api, claims }: BindingParts,
  claim: PersistentVolumeClaim,
  { spec }: PersistentVolume,
): Promise<void> {
  if (claim.status?.phase === 'Bound') return;
  const { volumeAttributesClassName } = spec;
  const status = {
    phase: 'Bound',
    accessModes: spec.accessModes,
    capacity: spec.capacity,
    ...(volumeAttributesClassName && { currentVolumeAttributesClassName: volumeAttributesClassName }),
  };
  const body = { metadata: { uid: claim.metadata.uid }, status };
  claims.note(
    await api.patch(persistentVolumeClaims, refTo(claim), { type: 'strategic', body }, { subresource: 'status' }),
  );
}
