import {
  boundByControllerAnnotation,
  provisionedByAnnotation,
  volumeProtectionFinalizer,
} from '../../model/claims/well-known.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '../../model/kinds/index.ts';
import { isDeleting } from '../../model/object.ts';
import { modeOf } from './match.ts';
import type { BindingStep, VolumeStatus } from './steps.ts';

type Phase = NonNullable<VolumeStatus['phase']>;

/** What becomes of a volume, why, and what to do next. */
export interface VolumePlan {
  /** The phase that it has when the steps are done. */
  readonly phase: Phase;
  /** One sentence, for people. */
  readonly message: string;
  readonly steps: readonly BindingStep[];
}

/**
 * Decides what becomes of a volume, by the rules of Kubernetes' persistent volume controller. `claim` is the one that
 * claimRef names by namespace and name, if it exists.
 */
export function planVolume(world: {
  readonly volume: PersistentVolume;
  readonly claim: PersistentVolumeClaim | undefined;
}): VolumePlan {
  const { volume } = world;
  const plan = decide(volume, world.claim);
  if (isDeleting(volume) || volume.metadata.finalizers?.includes(volumeProtectionFinalizer)) return plan;
  const at = plan.steps.findIndex((step) => step.do === 'change-volume');
  if (at < 0)
    return {
      ...plan,
      steps: [{ do: 'change-volume', volume, addFinalizers: [volumeProtectionFinalizer] }, ...plan.steps],
    };
  const steps = plan.steps.map((step, index) =>
    index === at && step.do === 'change-volume' ? { ...step, addFinalizers: [volumeProtectionFinalizer] } : step,
  );
  return { ...plan, steps };
}

function decide(volume: PersistentVolume, found: PersistentVolumeClaim | undefined): VolumePlan {
  const { claimRef } = volume.spec;
  const current = volume.status?.phase ?? 'Pending';
  if (!claimRef) return become(volume, 'Available', 'no claim is bound to it');
  const who = `${claimRef.namespace}/${claimRef.name}`;
  if (!claimRef.uid) return become(volume, 'Available', `reserved for claim ${who}`);
  const claim = found?.metadata.uid === claimRef.uid ? found : undefined;
  if (!claim) return release(volume, `its claim ${who} is gone`);
  if (claim.spec.volumeName === volume.metadata.name) return become(volume, 'Bound', `bound to claim ${who}`);
  if (!claim.spec.volumeName) {
    if (modeOf(volume) === modeOf(claim)) {
      return { phase: current, message: `claim ${who} is about to be bound to it`, steps: [] };
    }
    const reason = 'VolumeMismatch';
    const message = 'Cannot bind PersistentVolume to requested PersistentVolumeClaim due to incompatible volumeMode.';
    const steps = [volume, claim].map(
      (about): BindingStep => ({ do: 'tell', about, type: 'Warning', reason, message }),
    );
    return { phase: current, message, steps };
  }
  const elsewhere = `claim ${who} is bound to volume "${claim.spec.volumeName}" instead`;
  const marks = volume.metadata.annotations ?? {};
  if (marks[provisionedByAnnotation] && volume.spec.persistentVolumeReclaimPolicy === 'Delete') {
    return release(volume, elsewhere);
  }
  return unbind(volume, elsewhere);
}

function become(volume: PersistentVolume, phase: Phase, message: string): VolumePlan {
  if (volume.status?.phase === phase) return { phase, message, steps: [] };
  return { phase, message, steps: [{ do: 'set-volume-status', volume, status: { phase } }] };
}

/** What the binder reserved, it frees; what a person reserved stays reserved, for a claim of that name. */
function unbind(volume: PersistentVolume, message: string): VolumePlan {
  const ours = volume.metadata.annotations?.[boundByControllerAnnotation] !== undefined;
  const { uid: _, resourceVersion: __, ...name } = volume.spec.claimRef ?? {};
  const change: BindingStep = {
    do: 'change-volume',
    volume,
    claimRef: ours ? null : name,
    ...(ours && { annotations: { [boundByControllerAnnotation]: null } }),
  };
  return { phase: 'Available', message, steps: [change, ...become(volume, 'Available', message).steps] };
}

/** The provisioner deletes what it made; nothing else is ever deleted. */
function release(volume: PersistentVolume, message: string): VolumePlan {
  const { phase } = volume.status ?? {};
  const policy = volume.spec.persistentVolumeReclaimPolicy ?? 'Retain';
  if (phase === 'Failed') return { phase, message: volume.status?.message ?? message, steps: [] };
  const provisioned = volume.metadata.annotations?.[provisionedByAnnotation] !== undefined;
  if (policy === 'Retain' || (policy === 'Delete' && provisioned) || isDeleting(volume)) {
    return become(volume, 'Released', message);
  }
  const reason = policy === 'Recycle' ? 'VolumeFailedRecycle' : 'VolumeFailedDelete';
  const why =
    policy === 'Recycle'
      ? 'No recycler plugin found for the volume! Recycle is not offered: empty it yourself, then remove spec.claimRef, or delete it and create it anew'
      : `error getting deleter volume plugin for volume "${volume.metadata.name}": no deletable volume plugin matched: no provisioner made it, so nothing deletes its data; delete the PersistentVolume, and the data if you want that`;
  const steps: BindingStep[] = [
    { do: 'set-volume-status', volume, status: { phase: 'Failed', message: why } },
    { do: 'tell', about: volume, type: 'Warning', reason, message: why },
  ];
  return { phase: 'Failed', message: why, steps };
}
