import type { Api } from '../../api/api.ts';
import {
  type PersistentVolume,
  persistentVolumeClaims,
  persistentVolumes,
  volumeSnapshotContents,
} from '../../model/kinds/index.ts';
import {
  contentReference,
  hasLostClaim,
  needsData,
  needsSnapshot,
  type Reference,
  referenceOf,
  snapshotOf,
  volumeOf,
} from './rules.ts';

/** The PersistentVolume of that name, if the API says that it needs the Volume. */
export async function heldBy(api: Api, name: string, handle: string): Promise<Reference | undefined> {
  const volume = await api.get(persistentVolumes, { name });
  return volume && volumeOf(volume) === handle && (await isNeeding(api, volume)) ? referenceOf(volume) : undefined;
}

/** Whether a PersistentVolume needs its data; asks for its claim only where that decides. */
export async function isNeeding(api: Api, volume: PersistentVolume): Promise<boolean> {
  const { claimRef } = volume.spec;
  if (!needsData(volume, false)) return false;
  if (needsData(volume, true) || !claimRef?.name) return true;
  const claim = await api.get(persistentVolumeClaims, { name: claimRef.name, namespace: claimRef.namespace });
  return needsData(volume, hasLostClaim(volume, claim));
}

/** The content of that name, if the API says that it needs the Snapshot. */
export async function heldByContent(api: Api, name: string, handle: string): Promise<Reference | undefined> {
  const content = await api.get(volumeSnapshotContents, { name });
  return content && snapshotOf(content) === handle && needsSnapshot(content) ? contentReference(content) : undefined;
}
