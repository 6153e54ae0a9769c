import type { PersistentVolume, PersistentVolumeClaim } from '../kinds/core.ts';
import { bytesOf } from '../quantity.ts';
import {
  betaStorageClassAnnotation,
  betaStorageProvisionerAnnotation,
  storageProvisionerAnnotation,
} from './well-known.ts';

/** The driver that is to make a volume for the claim; undefined if none was told to. */
export function provisionerOf(claim: PersistentVolumeClaim): string | undefined {
  const annotations = claim.metadata.annotations ?? {};
  return annotations[storageProvisionerAnnotation] ?? annotations[betaStorageProvisionerAnnotation];
}

/** The name of the claim's class, or '' for none. */
export function classOf(claim: PersistentVolumeClaim): string {
  return claim.metadata.annotations?.[betaStorageClassAnnotation] ?? claim.spec.storageClassName ?? '';
}

/** The name of the volume's class, or '' for none. */
export function classOfVolume(volume: PersistentVolume): string {
  return volume.metadata.annotations?.[betaStorageClassAnnotation] ?? volume.spec.storageClassName ?? '';
}

/** Bytes of a volume. */
export function sizeOfVolume(volume: PersistentVolume): bigint {
  return bytesOf(volume.spec.capacity?.['storage'] ?? '0');
}

/** Bytes that a claim asks for. */
export function sizeOfClaim(claim: PersistentVolumeClaim): bigint {
  return bytesOf(claim.spec.resources?.requests?.['storage'] ?? '0');
}

/** The name of the volume that is made for the claim: the claim's uid makes it the same on every retry. */
export function volumeNameFor(claim: PersistentVolumeClaim): string {
  return `pvc-${claim.metadata.uid}`;
}

/** True if the claim and the volume are bound to each other. */
export function isBoundTo(claim: PersistentVolumeClaim, volume: PersistentVolume): boolean {
  return claim.spec.volumeName === volume.metadata.name && volume.spec.claimRef?.uid === claim.metadata.uid;
}

/** What a claim is to be filled from; undefined for an empty one. */
export interface DataSource {
  readonly kind: 'snapshot' | 'claim' | 'populator';
  readonly name: string;
  /** As a person reads it: `VolumeSnapshot.snapshot.storage.k8s.io`. */
  readonly type: string;
  /** Set if it is in another namespace than the claim. */
  readonly foreignNamespace: string | undefined;
}

/** Reads dataSourceRef, or where there is none dataSource. Kinds that nobody here fills from are a populator's. */
export function dataSourceOf({ metadata, spec }: PersistentVolumeClaim): DataSource | undefined {
  const source = spec.dataSourceRef ?? spec.dataSource;
  if (!source) return undefined;
  const group = source.apiGroup ?? '';
  const namespace = spec.dataSourceRef?.namespace ?? undefined;
  const kind =
    source.kind === 'PersistentVolumeClaim' && group === ''
      ? 'claim'
      : source.kind === 'VolumeSnapshot' && group === 'snapshot.storage.k8s.io'
        ? 'snapshot'
        : 'populator';
  return {
    kind,
    name: source.name,
    type: group ? `${source.kind}.${group}` : source.kind,
    foreignNamespace: namespace === metadata.namespace ? undefined : namespace,
  };
}
