import type { PersistentVolume, PersistentVolumeClaim, VolumeSnapshotContent } from '../../model/kinds/index.ts';
import { driverName } from '../../model/kinds/moorage.ts';
import { isDeleting } from '../../model/object.ts';

/** An object that names a Volume or Snapshot as its data. */
export interface Reference {
  readonly kind: 'PersistentVolume' | 'VolumeSnapshotContent';
  readonly name: string;
  /** For whom that is: `claim shop/data`. */
  readonly of?: string | undefined;
}

/** What still needs a Volume; undefined if nothing does. */
export interface VolumeReferences {
  ofVolume(name: string): Promise<Reference | undefined>;
}

/** What still needs a Volume or a Snapshot, so that its bytes must stay; undefined if nothing does. */
export interface References extends VolumeReferences {
  ofSnapshot(name: string): Promise<Reference | undefined>;
}

/** The Volume that a PersistentVolume stands for, if it is one of ours. */
export function volumeOf({ spec }: PersistentVolume): string | undefined {
  return spec.csi?.driver === driverName ? spec.csi.volumeHandle : undefined;
}

/** The Snapshot that a VolumeSnapshotContent stands for, if it is one of ours. */
export function snapshotOf({ spec, status }: VolumeSnapshotContent): string | undefined {
  return spec.driver === driverName ? (status?.snapshotHandle ?? spec.source.snapshotHandle ?? undefined) : undefined;
}

/** Whether the claim that the volume is bound to is no more; `found` is the one of its name. A volume that was only reserved for a claim to come has lost none. */
export function hasLostClaim(volume: PersistentVolume, found: PersistentVolumeClaim | undefined): boolean {
  const uid = volume.spec.claimRef?.uid;
  return uid !== undefined && found?.metadata.uid !== uid;
}

/**
 * Whether the PersistentVolume needs the data that it stands for. It does until it is gone, but for one moment: its
 * policy is Delete and its claim is no more. Then its deletion begins with the data.
 */
export function needsData(volume: PersistentVolume, claimIsGone: boolean): boolean {
  const { spec, status } = volume;
  if (spec.persistentVolumeReclaimPolicy !== 'Delete' || status?.phase === 'Failed') return true;
  return status?.phase !== 'Released' && !claimIsGone;
}

/** The same of a content: one that is deleted together with its snapshot needs it no more. */
export function needsSnapshot(content: VolumeSnapshotContent): boolean {
  return !(isDeleting(content) && content.spec.deletionPolicy === 'Delete');
}

/** That PersistentVolume, as what needs something. */
export function referenceOf({ metadata, spec, status }: PersistentVolume): Reference {
  const { claimRef } = spec;
  const of = claimRef?.name && status?.phase === 'Bound' ? `claim ${claimRef.namespace}/${claimRef.name}` : undefined;
  return { kind: 'PersistentVolume', name: metadata.name, of };
}

/** That content, as what needs something. */
export function contentReference({ metadata, spec: { volumeSnapshotRef: ref } }: VolumeSnapshotContent): Reference {
  const of = ref.name ? `VolumeSnapshot ${ref.namespace}/${ref.name}` : undefined;
  return { kind: 'VolumeSnapshotContent', name: metadata.name, of };
}

/** `PersistentVolume pvc-1 of claim shop/data` */
export function referenceText({ kind, name, of }: Reference): string {
  return `${kind} ${name}${of === undefined ? '' : ` of ${of}`}`;
}
