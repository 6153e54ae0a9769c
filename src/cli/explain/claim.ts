import { isCode } from '../../lib/errors.ts';
import { claimSourceFinalizer } from '../../model/claims/well-known.ts';
import { type ClassParameters, readClassParameters } from '../../model/class-parameters.ts';
import {
  driverName,
  type Node,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type StorageClass,
  type Volume,
  type VolumeSnapshot,
} from '../../model/kinds/index.ts';
import { isDeleting } from '../../model/object.ts';
import { bytesOf } from '../../model/quantity.ts';
import { classOfClaim, defaultClassAmong } from '../../orchestrator/binder/match.ts';
import { type BindingPlan, planBinding } from '../../orchestrator/binder/plan.ts';
import { count } from '../output/human.ts';
import { brokenLinkOf } from '../world/broken-links.ts';
import { lastWarning, whyUnusable } from '../world/problems.ts';
import type { World } from '../world/world.ts';
import { adviceOn, howToUse } from './advice.ts';
import { lookForPlace, placeOf } from './places.ts';
import { type Look, type Report, reportOn } from './report.ts';

/** Why a claim is bound to what it is bound to, or why it is not bound. */
export function explainClaim(world: World, claim: PersistentVolumeClaim, now = new Date()): Report {
  const users = world.mounts.filter(
    ({ metadata, spec }) => metadata.namespace === claim.metadata.namespace && spec.claim === claim.metadata.name,
  );
  const drivers = new Set(world.csiNodes.flatMap(({ spec }) => (spec.drivers ?? []).map(({ name }) => name)));
  const plan = planBinding({
    claim,
    classes: world.classes,
    volumes: world.pvs,
    consumer: consumerOf(world, users),
    hasDriver: (name) => drivers.has(name),
    now,
  });
  const storageClass = classFor(world, claim);
  const use = users.map(
    ({ metadata, spec, status }) => `Mount ${metadata.name} at ${spec.path} is ${status?.phase ?? 'Pending'}`,
  );
  if (isDeleting(claim)) {
    const holders = snapshotsBeingTakenOf(world, claim);
    return reportOn(world, claim, {
      verdict: 'it is being deleted',
      isWell: false,
      because: [`it goes when nothing holds it any more: ${(claim.metadata.finalizers ?? []).join(', ')}`, ...use],
      next: [...users.map(({ metadata }) => `moorage umount ${metadata.name}`), ...holders.map(howToDrop)],
    });
  }
  if (claim.status?.phase === 'Bound') {
    const broken = brokenLinkOf(world, claim, now.getTime());
    const volume = volumeOf(
      world,
      world.pvs.find(({ metadata }) => metadata.name === claim.spec.volumeName),
    );
    const unusable = volume && whyUnusable(volume);
    return reportOn(world, claim, {
      verdict: broken?.message ?? unusable ?? `bound to ${claim.spec.volumeName}${growth(claim)}`,
      isWell: broken === undefined && unusable === undefined,
      because: [...boundBecause(world, claim, storageClass), ...use],
      next: broken
        ? adviceOnBroken(claim, broken.kind === 'Loss')
        : users.length > 0
          ? []
          : [howToUse(world, claim.metadata.name)],
    });
  }
  const places = plan.outcome === 'provision' && storageClass?.provisioner === driverName;
  const looked: Look[] = looksOf(plan);
  if (places) looked.push(...lookFor(world, claim, storageClass));
  const warning = lastWarning(world, claim);
  return reportOn(world, claim, {
    verdict: warning ?? plan.message,
    isWell: plan.outcome === 'wait' || plan.outcome === 'bind',
    because: [
      ...classBecause(claim, storageClass),
      ...planBecause(plan, drivers.has(storageClass?.provisioner ?? '')),
      ...use,
    ],
    looked,
    next: adviceOn({ world, claim, plan, storageClass, looked }),
  });
}

/** What to do about a claim whose data is gone, or is kept only for as long as the claim is there. */
function adviceOnBroken({ metadata: { name, namespace } }: PersistentVolumeClaim, isGone: boolean): string[] {
  const where = namespace === undefined || namespace === 'default' ? '' : ` -n ${namespace}`;
  const afterwards = `kubectl delete pvc ${name}${where}`;
  return isGone
    ? [
        `restore a snapshot, if there is one: moorage restore SNAPSHOT NEW-CLAIM${where}`,
        `${afterwards}: nothing is behind it`,
      ]
    : [
        `moorage clone ${name} NEW-CLAIM${where}, or mount it and copy what is to be kept`,
        `${afterwards}: its data goes with it`,
      ];
}

/** Snapshots that are to be taken of a claim and are not yet: it stays while they may need it. */
function snapshotsBeingTakenOf(world: World, { metadata }: PersistentVolumeClaim): VolumeSnapshot[] {
  if (!metadata.finalizers?.includes(claimSourceFinalizer)) return [];
  return world.volumeSnapshots.filter(
    (it) =>
      it.metadata.namespace === metadata.namespace &&
      it.spec.source.persistentVolumeClaimName === metadata.name &&
      !it.status?.readyToUse,
  );
}

function howToDrop({ metadata, status }: VolumeSnapshot): string {
  const why = status?.error?.message ? `, which failed (${status.error.message})` : ', which is not taken yet';
  return `it waits for VolumeSnapshot ${metadata.name}${why}: give it up with kubectl delete volumesnapshot ${metadata.name} -n ${metadata.namespace}`;
}

/** Volumes that the binder looked at. Those of other claims, of which there may be thousands, are only counted. */
function looksOf({ looked }: BindingPlan): Look[] {
  const others = looked.filter(({ reason }) => reason === 'ClaimedByAnother').length;
  const rest = looked.filter(({ reason }) => reason !== 'ClaimedByAnother');
  const counted: Look = {
    what: count(others, 'PersistentVolume'),
    taken: false,
    message: others === 1 ? 'it belongs to another claim' : 'they belong to other claims',
  };
  const more: Look = { what: `${rest.length - shown} more`, taken: false, message: 'not shown' };
  return [
    ...rest
      .slice(0, shown)
      .map(({ volume, message }) => ({ what: `PersistentVolume ${volume}`, taken: false, message })),
    ...(rest.length > shown ? [more] : []),
    ...(others > 0 ? [counted] : []),
  ];
}

const shown = 20;

/** What the binder makes of it, where that says more than the verdict. */
function planBecause(plan: BindingPlan, isPluggedIn: boolean): string[] {
  if (plan.outcome !== 'provision') return [];
  return [
    isPluggedIn
      ? 'no volume that is there fits, so one is to be made'
      : 'no volume that is there fits, and the driver that would make one is not plugged in',
  ];
}

function classFor(world: World, claim: PersistentVolumeClaim): StorageClass | undefined {
  const named = classOfClaim(claim);
  if (named === undefined) return defaultClassAmong(world.classes);
  return world.classes.find(({ metadata }) => metadata.name === named);
}

function consumerOf(world: World, users: World['mounts']): Node | undefined {
  if (users.length === 0) return undefined;
  const wanted = users.map(({ spec }) => spec.node).find(Boolean);
  return world.nodes.find(({ metadata }) => !wanted || metadata.name === wanted);
}

function growth({ spec, status }: PersistentVolumeClaim): string {
  const wanted = spec.resources?.requests?.['storage'];
  const has = status?.capacity?.['storage'];
  return wanted && has && wanted !== has ? `, has ${has} and asks for ${wanted}` : `, ${has ?? 'of unknown size'}`;
}

function classBecause(claim: PersistentVolumeClaim, storageClass: StorageClass | undefined): string[] {
  const named = classOfClaim(claim);
  if (named === '') return ['it asks for class "": only volumes without a class are considered, and none is made'];
  if (!storageClass)
    return named
      ? [`it asks for class ${named}, which does not exist`]
      : ['it names no class, and there is no default class'];
  const how = named === undefined ? 'the default class' : 'its class';
  const when = storageClass.volumeBindingMode === 'WaitForFirstConsumer' ? ', when a first consumer is there' : '';
  return [`${how} ${storageClass.metadata.name} has ${storageClass.provisioner} make volumes${when}`];
}

function boundBecause(world: World, claim: PersistentVolumeClaim, storageClass: StorageClass | undefined): string[] {
  const pv = world.pvs.find(({ metadata }) => metadata.name === claim.spec.volumeName);
  if (!pv) return [`PersistentVolume ${claim.spec.volumeName} is gone: what was on it can't be reached`];
  const made = pv.metadata.annotations?.['pv.kubernetes.io/provisioned-by'];
  const lines = made
    ? [
        `${made} made ${pv.metadata.name} for this claim, by class ${storageClass?.metadata.name ?? pv.spec.storageClassName ?? '""'}`,
      ]
    : [`${pv.metadata.name} was there already, and was the smallest that fits, or was reserved for it`];
  const volume = volumeOf(world, pv);
  return [...lines, ...(volume ? placeOf(world, volume) : [])];
}

/** Our Volume that a PersistentVolume stands for. */
function volumeOf(world: World, pv: PersistentVolume | undefined): Volume | undefined {
  if (pv?.spec.csi?.driver !== driverName) return undefined;
  return world.volumes.find(({ metadata }) => metadata.name === pv.spec.csi?.volumeHandle);
}

/** The Volume that our driver would be asked for. */
function wishOf(claim: PersistentVolumeClaim, { pool, poolSelector, provisioning }: ClassParameters) {
  return {
    size: bytesOf(claim.spec.resources?.requests?.['storage'] ?? '0'),
    mode: claim.spec.volumeMode ?? 'Filesystem',
    provisioning,
    pool,
    poolSelector,
  } as const;
}

/** Where the Volume would go; or what of its class our driver would refuse. */
function lookFor(world: World, claim: PersistentVolumeClaim, storageClass: StorageClass): Look[] {
  const { fstype: _, ...parameters } = storageClass.parameters ?? {};
  try {
    return lookForPlace(world, wishOf(claim, readClassParameters(parameters)));
  } catch (error) {
    if (!isCode(error, 'invalid')) throw error;
    return [{ what: `StorageClass ${storageClass.metadata.name}`, taken: false, message: error.message }];
  }
}
