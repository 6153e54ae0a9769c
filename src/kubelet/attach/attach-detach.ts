import type { Api } from '../../api/api.ts';
import { Controller } from '../../api/controller.ts';
import { isCode } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import {
  csiDrivers,
  type Mount,
  mounts,
  type PersistentVolume,
  persistentVolumeClaims,
  persistentVolumes,
  type VolumeAttachment,
  volumeAttachments,
} from '../../model/kinds/index.ts';
import { isDeleting, keyOf } from '../../model/object.ts';
import { attachmentName, mountFinalizer } from '../volume-names.ts';

export interface AttachDetachOptions {
  readonly api: Api;
  /** The node of Mounts that name none. */
  readonly node: string;
  readonly log: Log;
  /** Whether anything of the volume is still staged or published on this node, whatever the Mounts say. */
  readonly isInUse: (volume: string) => boolean;
}

/** Whether a driver's volumes are attached before they are staged; so unless its CSIDriver object says otherwise. */
export function needsAttachment(api: Api, driver: string): boolean {
  return api.informer(csiDrivers).get({ name: driver })?.spec.attachRequired ?? true;
}

/**
 * Wishes for the attachment of each volume on each node where a Mount uses it, and takes the wish back when none does
 * and nothing is staged there any more. The attacher does the calls. Never forces. A key is `volume/node`.
 */
export function createAttachDetach({ api, node, log, isInUse }: AttachDetachOptions): Controller {
  const volumes = api.informer(persistentVolumes);
  const claims = api.informer(persistentVolumeClaims);
  const attachments = api.informer(volumeAttachments);
  const allMounts = api.informer(mounts);
  const mountsOf = allMounts.index('claim', (it) => [keyOf({ namespace: it.metadata.namespace, name: it.spec.claim })]);
  const nodeOf = (mount: Mount) => mount.status?.node ?? mount.spec.node ?? node;
  const mountsOn = (volume: PersistentVolume, where: string): readonly Mount[] => {
    const { claimRef } = volume.spec;
    const claim = claimRef?.name ? claims.get({ namespace: claimRef.namespace, name: claimRef.name }) : undefined;
    if (!claim || claim.spec.volumeName !== volume.metadata.name) return [];
    return mountsOf(keyOf({ namespace: claim.metadata.namespace, name: claim.metadata.name })).filter(
      (mount) => nodeOf(mount) === where && mount.metadata.finalizers?.includes(mountFinalizer),
    );
  };
  const attach = async (volume: PersistentVolume, driver: string, handle: string, where: string) => {
    const name = attachmentName(handle, driver, where);
    const object: VolumeAttachment = {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'VolumeAttachment',
      metadata: { name },
      spec: { attacher: driver, nodeName: where, source: { persistentVolumeName: volume.metadata.name } },
    };
    await api.create(volumeAttachments, object).catch((error: unknown) => {
      if (!isCode(error, 'already-exists')) throw error;
    });
  };

  return new Controller({
    name: 'attach-detach',
    log,
    reconcile: async (key) => {
      const [volumeName = '', where = ''] = key.split('/');
      const volume = volumes.get({ name: volumeName });
      const csi = volume?.spec.csi;
      if (!volume || !csi) return;
      const present = attachments.get({ name: attachmentName(csi.volumeHandle, csi.driver, where) });
      const users = mountsOn(volume, where);
      const wanted = users.some((mount) => !isDeleting(mount)) && needsAttachment(api, csi.driver);
      if (wanted && !present) await attach(volume, csi.driver, csi.volumeHandle, where);
      const free = users.length === 0 && !(where === node && isInUse(volumeName));
      if (free && present && !isDeleting(present)) {
        await api.delete(volumeAttachments, { name: present.metadata.name });
      }
    },
  })
    .watch(allMounts, (mount) => {
      const claim = claims.get({ namespace: mount.metadata.namespace, name: mount.spec.claim });
      const volume = claim?.spec.volumeName || mount.status?.volume;
      return volume ? [`${volume}/${nodeOf(mount)}`] : [];
    })
    .watch(attachments, ({ spec }) => {
      const volume = spec.source.persistentVolumeName;
      return volume ? [`${volume}/${spec.nodeName}`] : [];
    })
    .watch(api.informer(csiDrivers), function* (driver) {
      for (const volume of volumes.list()) {
        if (volume.spec.csi?.driver === driver.metadata.name) yield `${volume.metadata.name}/${node}`;
      }
    });
}
