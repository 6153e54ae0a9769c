import type { Api } from '../../api/api.ts';
import { type PersistentVolume, persistentVolumes, volumeSnapshotContents } from '../../model/kinds/index.ts';
import { heldBy, heldByContent } from './held.ts';
import { type References, snapshotOf, type VolumeReferences, volumeOf } from './rules.ts';

/** The index of the PersistentVolumes that stand for a Volume. */
export const byHandle = {
  name: 'volumes/by-handle',
  keys: (volume: PersistentVolume) => some(volumeOf(volume)),
};

/**
 * What the views of this process show, where they are there anyway: costs a look-up. What they show as needed is asked
 * of the API once more, since a view may lag behind.
 */
export function seenVolumeReferences(api: Api): VolumeReferences {
  const standingFor = api.informer(persistentVolumes).index(byHandle.name, byHandle.keys);
  return {
    async ofVolume(name) {
      for (const { metadata } of standingFor(name)) {
        const held = await heldBy(api, metadata.name, name);
        if (held) return held;
      }
      return undefined;
    },
  };
}

/** As seenVolumeReferences, also for snapshots. */
export function seenReferences(api: Api): References {
  const contents = api.informer(volumeSnapshotContents);
  const standingFor = contents.index('volumes/by-handle', (content) => some(snapshotOf(content)));
  return {
    ...seenVolumeReferences(api),
    async ofSnapshot(name) {
      for (const { metadata } of standingFor(name)) {
        const held = await heldByContent(api, metadata.name, name);
        if (held) return held;
      }
      return undefined;
    },
  };
}

function some(name: string | undefined): string[] {
  return name === undefined ? [] : [name];
}
