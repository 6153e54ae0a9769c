import type { PersistentVolume, Snapshot, Volume, VolumeSnapshotContent } from '../../model/kinds/index.ts';
import { driverName } from '../../model/kinds/moorage.ts';
import { count } from '../output/human.ts';

/** What is left of Moorage's volumes in a cluster. */
export interface Remains {
  readonly persistentVolumes: readonly PersistentVolume[];
  readonly contents: readonly VolumeSnapshotContent[];
  readonly volumes: readonly Volume[];
  readonly snapshots: readonly Snapshot[];
}

const shown = 10;

/**
 * Why Moorage must not be taken away from a cluster now, each with what is meant; nothing if it may. Volumes that are
 * mounted always stand against it: nobody could unmount them. What is only kept does unless it is to stay.
 */
export function reasonsAgainst(remains: Remains, keepVolumes: boolean): string[] {
  const { persistentVolumes, contents, volumes, snapshots } = remains;
  const mounted = volumes.flatMap(({ metadata, status }) =>
    (status?.attachments ?? []).map(({ node }) => `${metadata.name} on node ${node}`),
  );
  const inUse = reason(mounted, 'volume is', 'volumes are', 'used by pods: delete these pods first');
  if (keepVolumes) return inUse;
  const claimed = persistentVolumes
    .filter(({ spec }) => spec.csi?.driver === driverName)
    .map(({ metadata, spec: { claimRef } }) =>
      claimRef ? `${metadata.name} (claim ${claimRef.namespace}/${claimRef.name})` : metadata.name,
    );
  const copied = contents
    .filter(({ spec }) => spec.driver === driverName)
    .map(
      ({ metadata, spec: { volumeSnapshotRef: ref } }) => `${metadata.name} (snapshot ${ref.namespace}/${ref.name})`,
    );
  const names = (objects: readonly (Volume | Snapshot)[]) => objects.map(({ metadata }) => metadata.name);
  const kept = [
    ...reason(claimed, 'PersistentVolume is', 'PersistentVolumes are', 'left: delete their claims first'),
    ...reason(copied, 'VolumeSnapshotContent is', 'VolumeSnapshotContents are', 'left: delete their snapshots first'),
  ];
  // Those behind the above go with them.
  const bare = [
    ...reason(names(volumes), 'Volume is', 'Volumes are', 'left: delete them first'),
    ...reason(names(snapshots), 'Snapshot is', 'Snapshots are', 'left: delete them first'),
  ];
  return [...inUse, ...(kept.length > 0 ? kept : bare)];
}

function reason(names: readonly string[], one: string, many: string, text: string): string[] {
  if (names.length === 0) return [];
  const rest = names.length > shown ? [`… and ${names.length - shown} more`] : [];
  return [[`${count(names.length, one, many)} ${text}`, ...names.slice(0, shown), ...rest].join('\n    ')];
}
