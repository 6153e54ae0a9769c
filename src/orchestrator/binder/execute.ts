import type { Api } from '../../api/api.ts';
import type { EventRecorder } from '../../api/events.ts';
import { unreachable } from '../../lib/errors.ts';
import {
  type PersistentVolume,
  type PersistentVolumeClaim,
  persistentVolumeClaims,
  persistentVolumes,
} from '../../model/kinds/index.ts';
import type { ObjectMeta } from '../../model/object.ts';
import type { BindingStep, ClaimStatus } from './steps.ts';

/**
 * Does the steps of a plan in order. Every write is conditional on the state that the plan was made from, so a lost
 * race is a `conflict`, after which the plan is made anew.
 */
export async function execute(api: Api, events: EventRecorder, steps: readonly BindingStep[]): Promise<void> {
  let claim: PersistentVolumeClaim | undefined;
  let volume: PersistentVolume | undefined;
  for (const step of steps) {
    switch (step.do) {
      case 'change-volume':
        volume = await api.update(persistentVolumes, changedVolume(volume ?? step.volume, step));
        break;
      case 'set-volume-status':
        volume = await api.updateStatus(persistentVolumes, { ...(volume ?? step.volume), status: step.status });
        break;
      case 'change-claim':
        claim = await api.update(persistentVolumeClaims, changedClaim(claim ?? step.claim, step));
        break;
      case 'set-claim-status':
        claim = await api.updateStatus(persistentVolumeClaims, withStatus(claim ?? step.claim, step.status));
        break;
      case 'tell':
        if (step.type === 'Normal') events.normal(step.about, step.reason, step.message);
        else events.warning(step.about, step.reason, step.message);
        break;
      default:
        unreachable(step);
    }
  }
}

function changedVolume(volume: PersistentVolume, step: BindingStep & { do: 'change-volume' }): PersistentVolume {
  const metadata = changedMeta(volume.metadata, step);
  if (step.claimRef === undefined) return { ...volume, metadata };
  const { claimRef: _, ...spec } = volume.spec;
  return { ...volume, metadata, spec: step.claimRef ? { ...spec, claimRef: step.claimRef } : spec };
}

function changedClaim(claim: PersistentVolumeClaim, step: BindingStep & { do: 'change-claim' }): PersistentVolumeClaim {
  const { volumeName, storageClassName } = step;
  const spec = { ...claim.spec, ...(volumeName && { volumeName }), ...(storageClassName && { storageClassName }) };
  return { ...claim, metadata: changedMeta(claim.metadata, step), spec };
}

function changedMeta(
  metadata: ObjectMeta,
  changes: {
    readonly annotations?: Readonly<Record<string, string | null>>;
    readonly addFinalizers?: readonly string[];
    readonly removeFinalizers?: readonly string[];
  },
): ObjectMeta {
  const annotations = { ...metadata.annotations };
  for (const [key, value] of Object.entries(changes.annotations ?? {})) {
    if (value === null) delete annotations[key];
    else annotations[key] = value;
  }
  const finalizers = new Set([...(metadata.finalizers ?? []), ...(changes.addFinalizers ?? [])]);
  for (const finalizer of changes.removeFinalizers ?? []) finalizers.delete(finalizer);
  return { ...metadata, annotations, finalizers: [...finalizers] };
}

function withStatus(claim: PersistentVolumeClaim, status: ClaimStatus): PersistentVolumeClaim {
  const { accessModes: _, capacity: __, currentVolumeAttributesClassName: ___, ...kept } = claim.status ?? {};
  return { ...claim, status: { ...kept, ...status } };
}
