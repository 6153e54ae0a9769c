import { allowsNode } from '../../model/claims/selectors.ts';
import {
  betaStorageProvisionerAnnotation,
  noProvisioner,
  provisioningFinalizer,
  selectedNodeAnnotation,
  storageProvisionerAnnotation,
} from '../../model/claims/well-known.ts';
import type { Node, PersistentVolumeClaim, StorageClass } from '../../model/kinds/index.ts';
import type { BindingPlan, BindingStep } from './steps.ts';

interface ProvisioningWorld {
  readonly claim: PersistentVolumeClaim;
  readonly storageClass: StorageClass;
  /** Whether the class waits for a first consumer. */
  readonly delayed: boolean;
  /** Whether the claim named no class, and is now given this one. */
  readonly adopt: boolean;
  readonly consumer?: Node | undefined;
  readonly hasDriver: (provisioner: string) => boolean;
  readonly now: Date;
}

type ProvisioningPlan = Omit<BindingPlan, 'looked'>;

/** How long a plugged-in provisioner may take before an event says that the claim waits for it. Milliseconds. */
const patience = 60_000;

/** Decides how a claim that no volume fits gets a new one: by the mark that its class's provisioner acts on. */
export function planProvisioning(world: ProvisioningWorld): ProvisioningPlan {
  const { claim, storageClass, delayed, consumer } = world;
  const { provisioner } = storageClass;
  const className = storageClass.metadata.name;
  if (provisioner.startsWith('kubernetes.io/')) return refusedByHand(world);
  const marks: Record<string, string> = {};
  const present = claim.metadata.annotations ?? {};
  if (delayed && consumer && !present[selectedNodeAnnotation]) {
    if (!allowsNode(storageClass, consumer)) {
      const message = `class "${className}" does not allow volumes on node "${consumer.metadata.name}" (allowedTopologies)`;
      return refused(claim, message);
    }
    marks[selectedNodeAnnotation] = consumer.metadata.name;
  }
  if (present[storageProvisionerAnnotation] !== provisioner) {
    marks[storageProvisionerAnnotation] = provisioner;
    marks[betaStorageProvisionerAnnotation] = provisioner;
  }
  const steps: BindingStep[] = [];
  if (world.adopt || Object.keys(marks).length > 0) {
    steps.push({
      do: 'change-claim',
      claim,
      ...(world.adopt && { storageClassName: className }),
      annotations: marks,
      ...(marks[storageProvisionerAnnotation] &&
        world.hasDriver(provisioner) && { addFinalizers: [provisioningFinalizer] }),
    });
  }
  const age = world.now.getTime() - Date.parse(claim.metadata.creationTimestamp ?? world.now.toISOString());
  const message = `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`;
  const late = !world.hasDriver(provisioner) || age >= patience;
  if (late) steps.push({ do: 'tell', about: claim, type: 'Normal', reason: 'ExternalProvisioning', message });
  const again = late ? undefined : Math.max(patience - age, 1_000);
  return { outcome: 'provision', reason: 'ExternalProvisioning', message, steps, again };
}

function refusedByHand({ claim, storageClass, consumer }: ProvisioningWorld): ProvisioningPlan {
  const { provisioner, metadata } = storageClass;
  if (provisioner !== noProvisioner || !consumer) {
    return refused(claim, `no volume plugin matched name: ${provisioner}`);
  }
  const message = `no volume of class "${metadata.name}" fits this claim on node "${consumer.metadata.name}"; create one, since the class has no provisioner`;
  return refused(claim, message);
}

function refused(claim: PersistentVolumeClaim, message: string): ProvisioningPlan {
  const reason = 'ProvisioningFailed';
  const steps: BindingStep[] = [{ do: 'tell', about: claim, type: 'Warning', reason, message }];
  return { outcome: 'refused', reason, message, steps };
}
