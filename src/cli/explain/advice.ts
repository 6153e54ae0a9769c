import {
  driverName,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type StorageClass,
} from '../../model/kinds/index.ts';
import { classOfClaim, unsuitableFor } from '../../orchestrator/binder/match.ts';
import type { BindingPlan } from '../../orchestrator/binder/plan.ts';
import { lastWarning } from '../world/problems.ts';
import type { World } from '../world/world.ts';
import type { Look } from './report.ts';
import { adviceOnSource, askAnew } from './source-advice.ts';

/** A claim that is not bound, and what is known of it. */
export interface Unbound {
  readonly world: World;
  readonly claim: PersistentVolumeClaim;
  readonly plan: BindingPlan;
  readonly storageClass: StorageClass | undefined;
  readonly looked: readonly Look[];
}

/** What a person can do so that a claim is bound: the first reason that holds it decides, since the rest waits for it. */
export function adviceOn(unbound: Unbound): string[] {
  const { world, claim, plan, storageClass } = unbound;
  const { name } = claim.metadata;
  if (plan.outcome === 'lost')
    return [
      `restore what was on it from a snapshot or backup into a new claim, and delete this one: kubectl delete pvc ${name}`,
    ];
  if (claim.spec.volumeName) return adviceOnNamed(world, claim, claim.spec.volumeName);
  const released = world.pvs.filter((pv) => wasOf(pv, claim)).map(howToFree);
  if (classOfClaim(claim) === '') {
    return [
      ...released,
      `make a PersistentVolume without a class that fits, or ${askAnew(claim)} and name a class; there are: ${classesOf(world)}`,
    ];
  }
  if (!storageClass) {
    const named = classOfClaim(claim);
    const byHand = named ? [`make a PersistentVolume of class ${named} that fits`] : [];
    return [
      ...released,
      ...byHand,
      `create the StorageClass that it asks for, or a default one; there are: ${classesOf(world)}`,
    ];
  }
  const wrong = adviceOnModes(claim, storageClass) ?? adviceOnSource(world, claim);
  if (wrong) return [...released, wrong];
  if (plan.reason === 'WaitForFirstConsumer') {
    return world.isCluster
      ? [`use it, and its volume is made: ${howToUse(world, name)}`]
      : [`mount it, and its volume is made: moorage mount ${name} PATH`];
  }
  return [...released, ...adviceOnMaking(unbound, storageClass)];
}

/** What a person does with a claim: on one machine, and in a cluster. */
export function howToUse({ isCluster }: World, claim: string): string {
  return isCluster
    ? `name it in the volumes of a Pod: persistentVolumeClaim: { claimName: ${claim} }`
    : `moorage mount ${claim} PATH, or moorage run --claim ${claim}:PATH -- PROGRAM`;
}

/** A claim that names its volume waits for just that one; no class helps. */
function adviceOnNamed({ pvs }: World, claim: PersistentVolumeClaim, wanted: string): string[] {
  const pv = pvs.find(({ metadata }) => metadata.name === wanted);
  if (!pv) return [`make PersistentVolume ${wanted}, or ${askAnew(claim)} without spec.volumeName`];
  if (wasOf(pv, claim)) return [howToFree(pv)];
  const { claimRef } = pv.spec;
  if (claimRef && (claimRef.name !== claim.metadata.name || claimRef.namespace !== claim.metadata.namespace)) {
    return [
      `PersistentVolume ${wanted} belongs to claim ${claimRef.namespace}/${claimRef.name}: ${askAnew(claim)} for another volume`,
    ];
  }
  const unsuitable = unsuitableFor(pv, claim);
  if (unsuitable) return [`${askAnew(claim)} as PersistentVolume ${wanted} is: ${unsuitable.message}`];
  const ofVolume = pv.spec.storageClassName ?? '';
  const ofClaim = classOfClaim(claim) ?? '';
  if (ofVolume !== ofClaim)
    return [`${askAnew(claim)} with storageClassName: "${ofVolume}", as PersistentVolume ${wanted} has`];
  return [];
}

/** Whether the volume was once of a claim of this name, which is gone, and was kept for a person to look at. */
function wasOf({ spec: { claimRef }, status }: PersistentVolume, { metadata }: PersistentVolumeClaim): boolean {
  if (status?.phase !== 'Released' || !claimRef?.uid || claimRef.uid === metadata.uid) return false;
  return claimRef.name === metadata.name && claimRef.namespace === metadata.namespace;
}

function howToFree({ metadata: { name } }: PersistentVolume): string {
  return `PersistentVolume ${name} was of an earlier claim of this name, and keeps its data for it: to let this one have it, kubectl patch pv ${name} --type=json -p '[{"op":"remove","path":"/spec/claimRef"}]'`;
}

function adviceOnModes(claim: PersistentVolumeClaim, { provisioner }: StorageClass): string | undefined {
  if (provisioner !== driverName) return undefined;
  const shared = (claim.spec.accessModes ?? []).filter((mode) => mode === 'ReadOnlyMany' || mode === 'ReadWriteMany');
  if (shared.length === 0) return undefined;
  return `${askAnew(claim)} with accessModes: [ReadWriteOnce], since a local volume is on one node and can't be ${shared.join(' or ')}`;
}

function adviceOnMaking({ world, claim, plan, looked }: Unbound, storageClass: StorageClass): string[] {
  const drivers = world.csiNodes.flatMap(({ spec }) => (spec.drivers ?? []).map((it) => it.name));
  const known = `(there are: ${drivers.join(', ') || 'none'})`;
  if (storageClass.provisioner === driverName && !drivers.includes(driverName)) {
    return [
      world.isCluster
        ? 'see why no agent has registered its driver: kubectl get csinodes, and moorage status'
        : 'see why the driver of this machine is not there: moorage status, and the log of "moorage up"',
    ];
  }
  if (plan.outcome === 'provision' && !drivers.includes(storageClass.provisioner)) {
    if (world.isCluster) return [`install its driver, ${storageClass.provisioner} ${known}`];
    return [`plug in its driver: moorage up --csi ${storageClass.provisioner}=/path/to/csi.sock ${known}`];
  }
  if (looked.length > 0 && looked.every(({ taken }) => !taken)) {
    return [
      'free or add room in one of the pools above, ask for less, or create another Pool; then it goes on by itself',
    ];
  }
  if (plan.outcome === 'refused')
    return [`make a PersistentVolume that fits, or ${askAnew(claim)} as the message says`];
  if (plan.outcome !== 'provision') return [];
  const warning = lastWarning(world, claim) ?? '';
  // The code of CSI for what will never be made as it is asked for, by whoever's driver.
  if (/code = (INVALID_ARGUMENT|InvalidArgument|OUT_OF_RANGE|OutOfRange)\b/.test(warning)) {
    return [`change what the message names: in the class, or ${askAnew(claim)}`];
  }
  return [
    warning
      ? 'mend what the message names; it is tried again by itself'
      : 'nothing: it is being made, and tried again if that fails',
  ];
}

function classesOf({ classes }: World): string {
  return classes.map(({ metadata }) => metadata.name).join(', ') || 'none';
}
