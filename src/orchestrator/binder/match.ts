import { classOfVolume, sizeOfClaim, sizeOfVolume } from '../../model/claims/claims.ts';
import { matchesLabels, reachableFrom } from '../../model/claims/selectors.ts';
import { betaStorageClassAnnotation } from '../../model/claims/well-known.ts';
import type { Node, PersistentVolume, PersistentVolumeClaim } from '../../model/kinds/index.ts';
import { defaultClassAnnotation, type StorageClass } from '../../model/kinds/index.ts';
import { isDeleting } from '../../model/object.ts';

/** A volume that the binder looked at, and why it was not taken. */
export interface VolumeLook {
  readonly volume: string;
  /** One word, for programs. */
  readonly reason: string;
  /** One sentence, for people. */
  readonly message: string;
}

export interface BindingWish {
  readonly claim: PersistentVolumeClaim;
  /** Name of the class that the claim asks for; '' means volumes without a class. */
  readonly className: string;
  /** The node of the consumer, where the choice waited for one. */
  readonly node?: Node | undefined;
  /** True while a consumer is awaited: then only a volume that names the claim itself may be taken. */
  readonly reservedOnly: boolean;
}

/** The class that a claim names; undefined if it leaves that to the default. */
export function classOfClaim(claim: PersistentVolumeClaim): string | undefined {
  return claim.metadata.annotations?.[betaStorageClassAnnotation] ?? claim.spec.storageClassName ?? undefined;
}

/** The class of claims that name none: of several that are marked as default, the newest. */
export function defaultClassAmong(classes: Iterable<StorageClass>): StorageClass | undefined {
  return [...classes]
    .filter((it) => it.metadata.annotations?.[defaultClassAnnotation] === 'true')
    .sort(
      (a, b) =>
        (b.metadata.creationTimestamp ?? '').localeCompare(a.metadata.creationTimestamp ?? '') ||
        a.metadata.name.localeCompare(b.metadata.name),
    )[0];
}

/** Whether the volume is reserved for the claim: its claimRef names it, with the claim's uid or with none. */
export function isReservedFor({ spec: { claimRef } }: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  if (!claimRef || claimRef.name !== claim.metadata.name) return false;
  return claimRef.namespace === claim.metadata.namespace && (!claimRef.uid || claimRef.uid === claim.metadata.uid);
}

/** Why the volume can't be bound to the claim, in the order in which Kubernetes looks; undefined if it can. */
export function refusalOfVolume(volume: PersistentVolume, wish: BindingWish): VolumeLook | undefined {
  const { claim, className, node } = wish;
  const { claimRef } = volume.spec;
  const refuse = (reason: string, message: string): VolumeLook => ({ volume: volume.metadata.name, reason, message });
  const reserved = isReservedFor(volume, claim);
  if (claimRef && !reserved) {
    return refuse('ClaimedByAnother', `it belongs to claim ${claimRef.namespace}/${claimRef.name}`);
  }
  const unsuitable = unsuitableFor(volume, claim);
  if (unsuitable) return refuse(unsuitable.reason, unsuitable.message);
  const near = !node || reachableFrom(volume, node);
  const far = () => refuse('NodeAffinity', `its node affinity does not let it be used on node ${node?.metadata.name}`);
  if (reserved) return near ? undefined : far();
  if (wish.reservedOnly) return refuse('WaitForFirstConsumer', 'its class chooses when a first consumer is there');
  if (volume.status?.phase !== 'Available') {
    return refuse('NotAvailable', `its phase is ${volume.status?.phase ?? 'Pending'}, not Available`);
  }
  if (claim.spec.selector && !matchesLabels(claim.spec.selector, volume.metadata.labels)) {
    return refuse('SelectorMismatch', "its labels do not match the claim's selector");
  }
  if (classOfVolume(volume) !== className) {
    return refuse('ClassMismatch', `its class is "${classOfVolume(volume)}", not "${className}"`);
  }
  return near ? undefined : far();
}

/** What keeps a volume from ever serving the claim, whoever asks for it; class and labels not looked at. */
export function unsuitableFor(
  volume: PersistentVolume,
  claim: PersistentVolumeClaim,
): { readonly reason: string; readonly message: string } | undefined {
  if (isDeleting(volume)) return { reason: 'Deleting', message: 'it is being deleted' };
  if (sizeOfVolume(volume) < sizeOfClaim(claim)) {
    const wanted = claim.spec.resources?.requests?.['storage'];
    return {
      reason: 'TooSmall',
      message: `its size is ${volume.spec.capacity?.['storage'] ?? 0}, less than ${wanted}`,
    };
  }
  if (modeOf(volume) !== modeOf(claim)) {
    return { reason: 'VolumeModeMismatch', message: `its mode is ${modeOf(volume)}, not ${modeOf(claim)}` };
  }
  const lacking = (claim.spec.accessModes ?? []).filter((mode) => !volume.spec.accessModes?.includes(mode));
  if (lacking.length > 0) return { reason: 'AccessModeMismatch', message: `it does not offer ${lacking.join(', ')}` };
  return undefined;
}

/** volumeMode, which is Filesystem where nothing is said. */
export function modeOf(object: PersistentVolume | PersistentVolumeClaim): 'Filesystem' | 'Block' {
  return object.spec.volumeMode ?? 'Filesystem';
}

/**
 * The volume to take: one that is reserved for the claim; else of those that offer the fewest access modes the
 * smallest. With it, why each of the others was not taken.
 */
export function chooseVolume(
  volumes: Iterable<PersistentVolume>,
  wish: BindingWish,
): { readonly volume: PersistentVolume | undefined; readonly looked: readonly VolumeLook[] } {
  const looked: VolumeLook[] = [];
  const fitting: PersistentVolume[] = [];
  let blocked = false;
  for (const volume of volumes) {
    const refusal = refusalOfVolume(volume, wish);
    if (!refusal) {
      fitting.push(volume);
      continue;
    }
    looked.push(refusal);
    // A volume that somebody reserved for the claim on another node is an order, not an offer.
    if (refusal.reason === 'NodeAffinity' && isReservedFor(volume, wish.claim)) blocked = true;
  }
  fitting.sort((a, b) => rank(a, wish.claim) - rank(b, wish.claim) || compareFit(a, b));
  const [best, ...others] = blocked ? [undefined, ...fitting] : fitting;
  for (const { metadata } of others.filter((it) => it !== undefined)) {
    looked.push({ volume: metadata.name, reason: 'NotTheBest', message: 'it fits, but another one fits better' });
  }
  return { volume: best, looked };
}

function rank(volume: PersistentVolume, claim: PersistentVolumeClaim): number {
  return isReservedFor(volume, claim) ? 0 : 1;
}

function compareFit(a: PersistentVolume, b: PersistentVolume): number {
  const modes = (a.spec.accessModes?.length ?? 0) - (b.spec.accessModes?.length ?? 0);
  if (modes !== 0) return modes;
  const size = sizeOfVolume(a) - sizeOfVolume(b);
  if (size !== 0n) return size < 0n ? -1 : 1;
  return a.metadata.name.localeCompare(b.metadata.name);
}
