import type { Controller } from '../../api/controller.ts';
import {
  persistentVolumeClaims,
  persistentVolumes,
  snapshots,
  volumeSnapshotContents,
  volumes,
} from '../../model/kinds/index.ts';
import type { NodeStorage } from '../agent/node-storage.ts';
import { copiedFrom } from './needed.ts';
import { snapshotOf, volumeOf } from './rules.ts';

/** Brings Volumes that are being deleted back when something that needed them may need them no more. */
export function watchNeedsOfVolumes(controller: Controller, { options: { api, sole } }: NodeStorage): Controller {
  const waits = (name: string | undefined) =>
    name !== undefined && api.informer(volumes).get({ name })?.metadata.deletionTimestamp ? [name] : [];
  controller.watch(api.informer(volumes), (volume, { type }) =>
    copiedFrom('Volume', volume, type === 'deleted').flatMap(waits),
  );
  if (!sole) return controller;
  const pvs = api.informer(persistentVolumes);
  return controller
    .watch(pvs, (pv) => waits(volumeOf(pv)))
    .watch(api.informer(persistentVolumeClaims), ({ spec: { volumeName: name } }, { type }) => {
      const pv = type === 'deleted' && name ? pvs.get({ name }) : undefined;
      return pv ? waits(volumeOf(pv)) : [];
    });
}

/** The same for Snapshots. */
export function watchNeedsOfSnapshots(controller: Controller, { options: { api, sole } }: NodeStorage): Controller {
  const waits = (name: string | undefined) =>
    name !== undefined && api.informer(snapshots).get({ name })?.metadata.deletionTimestamp ? [name] : [];
  controller.watch(api.informer(volumes), (volume, { type }) =>
    copiedFrom('Snapshot', volume, type === 'deleted').flatMap(waits),
  );
  if (!sole) return controller;
  return controller.watch(api.informer(volumeSnapshotContents), (content) => waits(snapshotOf(content)));
}
