import type { CreateVolumeResponse } from '../../csi/protocol/csi_pb.ts';
import { fail } from '../../lib/errors.ts';
import { classOf, volumeNameFor } from '../../model/claims/claims.ts';
import {
  deletionSecretName,
  deletionSecretNamespace,
  provisionedByAnnotation,
  provisionerFinalizer,
  volumeProtectionFinalizer,
} from '../../model/claims/well-known.ts';
import type { PersistentVolume } from '../../model/kinds/core.ts';
import { formatBytes } from '../../model/quantity.ts';
import type { DriverCapabilities } from '../drivers/capabilities.ts';
import { requestedBytes, type Wanted } from './request.ts';
import { nodeAffinity } from './topology.ts';

/**
 * Throws `internal` if the driver's answer does not keep what was asked: no volume, a smaller one, or one that was
 * not filled from the source. What it made must then be deleted again.
 */
export function checkAnswer(wanted: Wanted, answer: CreateVolumeResponse): void {
  const volume = answer.volume ?? fail('internal', 'the driver answered without a volume');
  if (!volume.volumeId) fail('internal', 'the driver answered with a volume that has no id');
  const asked = requestedBytes(wanted.claim);
  if (volume.capacityBytes !== 0n && volume.capacityBytes < asked) {
    fail('internal', `created volume capacity ${volume.capacityBytes} less than requested capacity ${asked}`);
  }
  if (wanted.source && !volume.contentSource) fail('internal', 'volume content source missing');
}

/** The PersistentVolume that records what the driver made for a claim. */
export function volumeFor(
  wanted: Wanted,
  driver: { readonly name: string; readonly capabilities: DriverCapabilities },
  answer: CreateVolumeResponse,
): PersistentVolume {
  const { claim, storageClass, parameters } = wanted;
  const { volume } = answer;
  const bytes = volume && volume.capacityBytes !== 0n ? volume.capacityBytes : requestedBytes(claim);
  const { accessModes = [], volumeMode = 'Filesystem', volumeAttributesClassName } = claim.spec;
  const { provisioner, ...rest } = parameters.secrets;
  const affinity = nodeAffinity((volume?.accessibleTopology ?? []).map(({ segments }) => segments));
  const readOnly =
    driver.capabilities.publishReadonly && accessModes.length > 0 && accessModes.every((it) => it === 'ReadOnlyMany');
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: {
      name: volumeNameFor(claim),
      annotations: {
        [provisionedByAnnotation]: driver.name,
        ...(provisioner && {
          [deletionSecretName]: provisioner.name,
          [deletionSecretNamespace]: provisioner.namespace,
        }),
      },
      finalizers: [volumeProtectionFinalizer, provisionerFinalizer],
    },
    spec: {
      accessModes: [...accessModes],
      capacity: { storage: formatBytes(bytes) },
      claimRef: {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        namespace: claim.metadata.namespace,
        name: claim.metadata.name,
        uid: claim.metadata.uid,
        resourceVersion: claim.metadata.resourceVersion,
      },
      persistentVolumeReclaimPolicy: storageClass.reclaimPolicy ?? 'Delete',
      storageClassName: classOf(claim),
      volumeMode,
      ...(storageClass.mountOptions?.length && { mountOptions: [...storageClass.mountOptions] }),
      ...(affinity && { nodeAffinity: affinity }),
      ...(volumeAttributesClassName && { volumeAttributesClassName }),
      csi: {
        driver: driver.name,
        volumeHandle: volume?.volumeId ?? '',
        ...(readOnly && { readOnly }),
        ...(volumeMode === 'Filesystem' && parameters.fsType && { fsType: parameters.fsType }),
        ...(volume &&
          Object.keys(volume.volumeContext).length > 0 && { volumeAttributes: { ...volume.volumeContext } }),
        ...(rest['controller-publish'] && { controllerPublishSecretRef: { ...rest['controller-publish'] } }),
        ...(rest['node-stage'] && { nodeStageSecretRef: { ...rest['node-stage'] } }),
        ...(rest['node-publish'] && { nodePublishSecretRef: { ...rest['node-publish'] } }),
        ...(rest['controller-expand'] && { controllerExpandSecretRef: { ...rest['controller-expand'] } }),
        ...(rest['node-expand'] && { nodeExpandSecretRef: { ...rest['node-expand'] } }),
      },
    },
  };
}
