import type {
  PersistentVolume,
  PersistentVolumeClaim,
  VolumeSnapshot,
  VolumeSnapshotContent,
} from '../../model/kinds/index.ts';
import type { Snapshot, Volume } from '../../model/kinds/moorage.ts';
import { isDeleting, type KubeObject, keyOf, refTo } from '../../model/object.ts';
import { inlineLabel } from '../references/needed.ts';
import {
  contentReference,
  needsData,
  needsSnapshot,
  referenceOf,
  referenceText,
  snapshotOf,
  volumeOf,
} from '../references/rules.ts';
import type { Finding } from './finding.ts';

/** The objects that stand for each other, from a claim down to a Volume, and from a VolumeSnapshot to a Snapshot. */
export interface Links {
  readonly claims: readonly PersistentVolumeClaim[];
  readonly persistentVolumes: readonly PersistentVolume[];
  readonly volumes: readonly Volume[];
  readonly volumeSnapshots: readonly VolumeSnapshot[];
  readonly contents: readonly VolumeSnapshotContent[];
  readonly snapshots: readonly Snapshot[];
  readonly now: number;
}

/** Seconds that a Volume or Snapshot may be there before what stands for it. */
const youngest = 60;

/** Compares what stands for what, and names each end that is missing. Pure. Nothing here has a remedy. */
export function compareLinks(links: Links): Finding[] {
  return [...ofClaims(links), ...ofVolumes(links), ...ofSnapshots(links)];
}

function ofClaims({ claims, persistentVolumes }: Links): Finding[] {
  const there = new Set(persistentVolumes.map(({ metadata }) => metadata.name));
  return claims.flatMap((claim): Finding[] => {
    const { volumeName } = claim.spec;
    if (!volumeName || there.has(volumeName) || isDeleting(claim)) return [];
    if (claim.status?.phase !== 'Bound' && claim.status?.phase !== 'Lost') return [];
    const name = keyOf(refTo(claim));
    const message = `claim ${name} is bound to PersistentVolume ${volumeName}, which is gone: its data can't be reached; if the Volume is there, create a PersistentVolume of that name for it`;
    return [{ kind: 'Loss', what: 'PersistentVolumeClaim', name, message, momentary: true }];
  });
}

function ofVolumes({ persistentVolumes, volumes, now }: Links): Finding[] {
  const byName = new Map(volumes.map((volume) => [volume.metadata.name, volume]));
  const named = new Set<string>();
  const findings = persistentVolumes.flatMap((pv): Finding[] => {
    const handle = volumeOf(pv);
    if (handle === undefined) return [];
    named.add(handle);
    if (!needsData(pv, false)) return [];
    const text = referenceText(referenceOf(pv));
    const volume = byName.get(handle);
    if (!volume) {
      const message = `${text} stands for Volume ${handle}, which is gone: what is in it can't be reached; inventory says whether its bytes are still there, else restore a snapshot or a backup to another claim`;
      return [{ kind: 'Loss', what: 'PersistentVolume', name: pv.metadata.name, message, momentary: true }];
    }
    return isDeleting(volume) ? [heldBack('Volume', volume, text)] : [];
  });
  const orphans = volumes
    .filter((it) => !named.has(it.metadata.name) && it.metadata.labels?.[inlineLabel] !== 'true')
    .flatMap((volume) => ofNobody('Volume', volume, 'PersistentVolume', now));
  return [...findings, ...orphans];
}

function ofSnapshots({ volumeSnapshots, contents, snapshots, now }: Links): Finding[] {
  const byName = new Map(snapshots.map((snapshot) => [snapshot.metadata.name, snapshot]));
  const contentNames = new Set(contents.map(({ metadata }) => metadata.name));
  const named = new Set<string>();
  const findings = contents.flatMap((content): Finding[] => {
    const handle = snapshotOf(content);
    if (handle === undefined) return [];
    named.add(handle);
    if (!needsSnapshot(content)) return [];
    const text = referenceText(contentReference(content));
    const snapshot = byName.get(handle);
    if (!snapshot) {
      const { name } = content.metadata;
      const message = `${text} stands for Snapshot ${handle}, which is gone: nothing can be restored from it`;
      return [{ kind: 'Loss', what: 'VolumeSnapshotContent', name, message, momentary: true }];
    }
    return isDeleting(snapshot) ? [heldBack('Snapshot', snapshot, text)] : [];
  });
  const unbound = volumeSnapshots.flatMap((wish): Finding[] => {
    const content = wish.status?.boundVolumeSnapshotContentName;
    if (!content || contentNames.has(content) || isDeleting(wish)) return [];
    const name = keyOf(refTo(wish));
    const message = `VolumeSnapshot ${name} is bound to content ${content}, which is gone: nothing can be restored from it`;
    return [{ kind: 'Loss', what: 'VolumeSnapshot', name, message, momentary: true }];
  });
  const orphans = snapshots
    .filter(({ metadata }) => !named.has(metadata.name))
    .flatMap((snapshot) => ofNobody('Snapshot', snapshot, 'VolumeSnapshotContent', now));
  return [...findings, ...unbound, ...orphans];
}

function heldBack(what: 'Volume' | 'Snapshot', { metadata: { name } }: KubeObject, by: string): Finding {
  const message = `${what} ${name} was deleted, though ${by} needs it: its data stays until that is gone; copy what is to be kept`;
  return { kind: 'Mismatch', what, name, message, momentary: true };
}

/** A Volume may be made by hand, or by another orchestrator through CSI: that is no fault, but worth knowing. */
function ofNobody(what: 'Volume' | 'Snapshot', object: Volume | Snapshot, by: string, now: number): Finding[] {
  const { name, creationTimestamp } = object.metadata;
  const age = (now - Date.parse(creationTimestamp ?? '')) / 1000;
  if (isDeleting(object) || object.status?.phase !== 'Ready' || !(age >= youngest)) return [];
  const message = `no ${by} stands for ${what} ${name}; if nobody else uses it, "kubectl delete ${what.toLowerCase()}s.moorage.dev ${name}" removes its data`;
  return [{ kind: 'Unclaimed', what, name, message, momentary: true }];
}

/** What stands for a Volume or Snapshot, by its kind and name: its bytes are not to be cleaned, whatever became of it. */
export function needsOf({
  persistentVolumes,
  contents,
}: Links): (kind: 'volume' | 'snapshot', name: string) => string | undefined {
  const found = {
    volume: new Map(persistentVolumes.map((pv) => [volumeOf(pv), referenceText(referenceOf(pv))])),
    snapshot: new Map(contents.map((content) => [snapshotOf(content), referenceText(contentReference(content))])),
  };
  return (kind, name) => found[kind].get(name);
}
