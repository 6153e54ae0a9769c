import { classOfVolume } from '../../model/claims/claims.ts';
import {
  bindCompletedAnnotation,
  boundByControllerAnnotation,
  claimProtectionFinalizer,
  provisionedByAnnotation,
  provisioningFinalizer,
  selectedNodeAnnotation,
} from '../../model/claims/well-known.ts';
import type { Node, PersistentVolume, PersistentVolumeClaim, StorageClass } from '../../model/kinds/index.ts';
import { isDeleting } from '../../model/object.ts';
import {
  chooseVolume,
  classOfClaim,
  defaultClassAmong,
  isReservedFor,
  unsuitableFor,
  type VolumeLook,
} from './match.ts';
import { planProvisioning } from './plan-provisioning.ts';
import { type BindingPlan, type BindingStep, type ClaimStatus, claimRefTo } from './steps.ts';

export type { BindingPlan } from './steps.ts';

/** Everything that decides what becomes of a claim. */
export interface BindingWorld {
  readonly claim: PersistentVolumeClaim;
  readonly classes: readonly StorageClass[];
  /** Volumes to look at: all, or at least those of the claim's class, those that name the claim and the one it names. */
  readonly volumes: readonly PersistentVolume[];
  /** The node of a consumer (a Mount) of the claim; undefined while there is none. */
  readonly consumer?: Node | undefined;
  /** Whether the driver of a provisioner is plugged in here. */
  readonly hasDriver: (provisioner: string) => boolean;
  readonly now: Date;
}

/**
 * Decides what becomes of a claim, by the rules of Kubernetes' persistent volume controller and, where the class
 * waits for a first consumer, of its scheduler. https://kubernetes.io/docs/concepts/storage/persistent-volumes/
 */
export function planBinding(world: BindingWorld): BindingPlan {
  const { claim } = world;
  if (claim.metadata.annotations?.[bindCompletedAnnotation]) return planBound(world);
  if (isDeleting(claim)) return waiting(claim, 'Terminating', 'the claim is being deleted', []);
  return protect(claim, claim.spec.volumeName ? planNamed(world, claim.spec.volumeName) : planUnbound(world));
}

function planBound({ claim, volumes }: BindingWorld): BindingPlan {
  const name = claim.spec.volumeName;
  if (!name) {
    return lost(claim, 'ClaimLost', 'Bound claim has lost reference to PersistentVolume. Data on the volume is lost!');
  }
  const volume = volumes.find(({ metadata }) => metadata.name === name);
  if (!volume) {
    return lost(claim, 'ClaimLost', 'Bound claim has lost its PersistentVolume. Data on the volume is lost!');
  }
  const { claimRef } = volume.spec;
  if (claimRef && claimRef.uid !== claim.metadata.uid && !isReservedFor(volume, claim)) {
    const message = 'Two claims are bound to the same volume, this one is bound incorrectly';
    return lost(claim, 'ClaimMisbound', message);
  }
  const plan = bind(claim, volume, []);
  return plan.steps.length > 0 ? plan : { ...plan, outcome: 'bound' };
}

function planNamed({ claim, volumes }: BindingWorld, name: string): BindingPlan {
  const volume = volumes.find(({ metadata }) => metadata.name === name);
  if (!volume) return waiting(claim, 'VolumeMissing', `waiting for volume "${name}", which the claim names`, []);
  if (isReservedFor(volume, claim)) return bind(claim, volume, []);
  if (volume.spec.claimRef) {
    return refused(claim, 'Warning', 'FailedBinding', `volume "${name}" already bound to a different claim.`, []);
  }
  const mismatch = mismatchOf(volume, claim);
  if (mismatch === undefined) return bind(claim, volume, []);
  return refused(claim, 'Warning', 'VolumeMismatch', `Cannot bind to requested volume "${name}": ${mismatch}`, []);
}

/** Kubernetes' words for what keeps a claim from the volume that it names; ours say the details. */
const mismatches: Readonly<Record<string, string>> = {
  TooSmall: 'requested PV is too small',
  VolumeModeMismatch: 'incompatible volumeMode',
  AccessModeMismatch: 'incompatible accessMode',
};

function mismatchOf(volume: PersistentVolume, claim: PersistentVolumeClaim): string | undefined {
  const unsuitable = unsuitableFor(volume, claim);
  if (unsuitable) {
    const words = mismatches[unsuitable.reason];
    return words ? `${words}: ${unsuitable.message}` : unsuitable.message;
  }
  const [is, wanted] = [classOfVolume(volume), classOfClaim(claim) ?? ''];
  if (is === wanted) return undefined;
  return `storageClassName does not match: its class is "${is}", but the claim asks for class "${wanted}"`;
}

function planUnbound(world: BindingWorld): BindingPlan {
  const { claim, classes } = world;
  const named = classOfClaim(claim);
  if (named) return planOfClass(world, named, false);
  const { volume, looked } = chooseVolume(world.volumes, { claim, className: '', reservedOnly: false });
  if (volume) return bind(claim, volume, looked);
  // A claim that came before there was a default class gets it now; one that asks for class "" never does.
  const adopted = named === undefined ? defaultClassAmong(classes) : undefined;
  if (adopted) return planOfClass(world, adopted.metadata.name, true);
  const message = 'no persistent volumes available for this claim and no storage class is set';
  return refused(claim, 'Normal', 'FailedBinding', message, looked);
}

function planOfClass(world: BindingWorld, className: string, adopt: boolean): BindingPlan {
  const { claim, consumer } = world;
  const storageClass = world.classes.find(({ metadata }) => metadata.name === className);
  const delayed = storageClass?.volumeBindingMode === 'WaitForFirstConsumer';
  const node = delayed ? consumer : undefined;
  const reservedOnly = delayed && !node;
  const { volume, looked } = chooseVolume(world.volumes, { claim, className, node, reservedOnly });
  if (volume) return bind(claim, volume, looked);
  if (reservedOnly && claim.metadata.annotations?.[selectedNodeAnnotation] === undefined) {
    const reason = 'WaitForFirstConsumer';
    const message = 'waiting for first consumer to be created before binding';
    return waiting(claim, reason, message, looked, tell(claim, 'Normal', reason, message));
  }
  if (!storageClass) {
    const message = `storageclass.storage.k8s.io "${className}" not found`;
    return refused(claim, 'Warning', 'ProvisioningFailed', message, looked);
  }
  const { steps, ...plan } = planProvisioning({ ...world, storageClass, delayed, adopt });
  return { ...plan, looked, steps: [...steps, ...statusStep(claim, pending)] };
}

const pending: ClaimStatus = { phase: 'Pending' };

function bind(claim: PersistentVolumeClaim, volume: PersistentVolume, looked: readonly VolumeLook[]): BindingPlan {
  const steps: BindingStep[] = [];
  const { claimRef } = volume.spec;
  if (claimRef?.uid !== claim.metadata.uid) {
    const mark = isReservedFor(volume, claim) ? {} : { annotations: { [boundByControllerAnnotation]: 'yes' } };
    steps.push({ do: 'change-volume', volume, claimRef: claimRefTo(claim), ...mark });
  }
  const chosen = !claim.spec.volumeName;
  if (chosen || !claim.metadata.annotations?.[bindCompletedAnnotation]) {
    steps.push({
      do: 'change-claim',
      claim,
      ...(chosen && { volumeName: volume.metadata.name }),
      annotations: { [bindCompletedAnnotation]: 'yes', ...(chosen && { [boundByControllerAnnotation]: 'yes' }) },
      // The volume that was made for the claim is recorded now; see provisioningFinalizer.
      ...(isMadeFor(volume, claim) && { removeFinalizers: [provisioningFinalizer] }),
    });
  }
  steps.push(...statusStep(claim, boundStatus(claim, volume)));
  const name = volume.metadata.name;
  return { outcome: 'bind', reason: 'Bound', message: `bound to volume "${name}"`, volume: name, looked, steps };
}

function isMadeFor({ metadata, spec }: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  return metadata.annotations?.[provisionedByAnnotation] !== undefined && spec.claimRef?.uid === claim.metadata.uid;
}

/** The size is taken over when the claim becomes Bound; after that, growth owns it. */
function boundStatus(claim: PersistentVolumeClaim, { spec }: PersistentVolume): ClaimStatus {
  const before = claim.status?.phase === 'Bound' ? claim.status : undefined;
  const attributesClass = before?.currentVolumeAttributesClassName ?? spec.volumeAttributesClassName;
  const capacity = before?.capacity ?? spec.capacity;
  return {
    phase: 'Bound',
    ...(spec.accessModes && { accessModes: spec.accessModes }),
    ...(capacity && { capacity }),
    ...(attributesClass && { currentVolumeAttributesClassName: attributesClass }),
  };
}

/** A step that makes phase, modes and capacity so; none if they are. A status that was never written is Pending. */
function statusStep(claim: PersistentVolumeClaim, status: ClaimStatus): BindingStep[] {
  const { phase = 'Pending', accessModes, capacity, currentVolumeAttributesClassName } = claim.status ?? {};
  const same =
    phase === status.phase &&
    (accessModes ?? []).join() === (status.accessModes ?? []).join() &&
    capacity?.['storage'] === status.capacity?.['storage'] &&
    (currentVolumeAttributesClassName ?? undefined) === status.currentVolumeAttributesClassName;
  return same ? [] : [{ do: 'set-claim-status', claim, status }];
}

function waiting(
  claim: PersistentVolumeClaim,
  reason: string,
  message: string,
  looked: readonly VolumeLook[],
  ...steps: readonly BindingStep[]
): BindingPlan {
  return { outcome: 'wait', reason, message, looked, steps: [...steps, ...statusStep(claim, pending)] };
}

function refused(
  claim: PersistentVolumeClaim,
  type: 'Normal' | 'Warning',
  reason: string,
  message: string,
  looked: readonly VolumeLook[],
): BindingPlan {
  const steps = [tell(claim, type, reason, message), ...statusStep(claim, pending)];
  return { outcome: 'refused', reason, message, looked, steps };
}

function lost(claim: PersistentVolumeClaim, reason: string, message: string): BindingPlan {
  const isNews = claim.status?.phase !== 'Lost';
  const steps = [...(isNews ? [tell(claim, 'Warning', reason, message)] : []), ...statusStep(claim, { phase: 'Lost' })];
  return { outcome: 'lost', reason, message, looked: [], steps };
}

function tell(claim: PersistentVolumeClaim, type: 'Normal' | 'Warning', reason: string, message: string): BindingStep {
  return { do: 'tell', about: claim, type, reason, message };
}

/** Puts the finalizer that protects the claim into the first change of the claim, or adds a change for it alone. */
function protect(claim: PersistentVolumeClaim, plan: BindingPlan): BindingPlan {
  if (claim.metadata.finalizers?.includes(claimProtectionFinalizer)) return plan;
  const at = plan.steps.findIndex((step) => step.do === 'change-claim');
  if (at < 0)
    return {
      ...plan,
      steps: [{ do: 'change-claim', claim, addFinalizers: [claimProtectionFinalizer] }, ...plan.steps],
    };
  const steps = plan.steps.map((step, index) =>
    index === at && step.do === 'change-claim'
      ? { ...step, addFinalizers: [claimProtectionFinalizer, ...(step.addFinalizers ?? [])] }
      : step,
  );
  return { ...plan, steps };
}
