import { isCode } from '../../lib/errors.ts';
import {
  type PersistentVolume,
  type PersistentVolumeClaim,
  persistentVolumeClaims,
  persistentVolumes,
} from '../../model/kinds/core.ts';
import { bytesOf, formatBytes } from '../../model/quantity.ts';
import type { SidecarContext } from '../context.ts';
import type { Driver } from '../drivers/driver.ts';
import type { Freshest } from '../objects/freshest.ts';
import { volumeCapability } from '../requests/capability.ts';
import { describeFailure, isInfeasible } from '../requests/outcome.ts';
import { readSecret, secretOf } from '../requests/secrets.ts';
import type { Complaints } from '../retries/complaints.ts';
import { type GrowthProgress, progressed, withProgress } from './claim-status.ts';

/** What the resizer's steps work with. */
export interface ResizerContext extends SidecarContext {
  readonly claims: Freshest<PersistentVolumeClaim>;
}

/**
 * Asks the driver's controller to grow the volume to so many bytes, and writes down what came of it, on the volume and
 * on the claim.
 */
export async function expand(
  context: ResizerContext,
  complaints: Complaints,
  found: PersistentVolumeClaim,
  volume: PersistentVolume,
  driver: Driver,
  size: bigint,
): Promise<void> {
  const { api, events, log } = context;
  const { name } = volume.metadata;
  const { allocatedResources, allocatedResourceStatuses } = found.status ?? {};
  const isRetry =
    allocatedResourceStatuses?.['storage']?.startsWith('ControllerResize') === true &&
    bytesOf(allocatedResources?.['storage'] ?? '0') === size;
  const claim = isRetry ? found : await setProgress(context, found, { at: 'controller', size });
  if (!isRetry) events.normal(claim, 'Resizing', `External resizer is resizing volume ${name}`);
  try {
    const answer = await driver.client.controller.controllerExpandVolume({
      volumeId: volume.spec.csi?.volumeHandle ?? '',
      capacityRange: { requiredBytes: size },
      volumeCapability: volumeCapability(volume, driver.capabilities.controllerSingleNodeMultiWriter),
      secrets: await readSecret(api, secretOf(volume.spec.csi?.controllerExpandSecretRef)),
    });
    const grown = answer.capacityBytes > size ? answer.capacityBytes : size;
    await recordSize(context, volume, grown);
    if (answer.nodeExpansionRequired) {
      await setProgress(context, claim, { at: 'node', size: grown });
      events.normal(claim, 'FileSystemResizeRequired', 'Require file system resize of volume on node');
    } else {
      await setProgress(context, claim, { at: 'end', size: grown });
      events.normal(claim, 'VolumeResizeSuccessful', 'Resize volume succeeded');
    }
    log.info({ volume: name, size: formatBytes(grown) }, 'volume grown');
  } catch (error) {
    if (isCode(error, 'conflict')) throw error;
    const message = `resize volume "${name}" by resizer "${driver.name}" failed: ${describeFailure(error)}`;
    complaints.warn(claim, 'VolumeResizeFailed', message);
    await setProgress(context, claim, { at: 'controller-failed', size, message, infeasible: isInfeasible(error) });
    throw error;
  }
}

/** Writes on the volume that it has that size; a volume never says that it has shrunk. */
export async function recordSize(
  { api }: SidecarContext,
  { metadata, spec }: PersistentVolume,
  size: bigint,
): Promise<void> {
  if (bytesOf(spec.capacity?.['storage'] ?? '0') >= size) return;
  const body = { spec: { capacity: { storage: formatBytes(size) } } };
  await api.patch(persistentVolumes, { name: metadata.name }, { type: 'merge', body });
}

/** Writes on the claim how far its growth is. Throws `conflict` if the claim has changed since. */
export async function setProgress(
  { api, claims }: ResizerContext,
  claim: PersistentVolumeClaim,
  progress: GrowthProgress,
) {
  const status = withProgress(claim.status ?? {}, progress);
  if (status === claim.status) return claim;
  return claims.note(await api.updateStatus(persistentVolumeClaims, progressed(claim, status, progress)));
}
