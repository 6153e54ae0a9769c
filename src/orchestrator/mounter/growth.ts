import { isCode } from '../../lib/errors.ts';
import { type PersistentVolumeClaim, persistentVolumeClaims, persistentVolumes } from '../../model/kinds/index.ts';
import { bytesOf } from '../../model/quantity.ts';
import { describeFailure } from '../../sidecars/drivers/outcome.ts';
import { type MounterContext, measured } from './context.ts';
import type { MountRecord } from './ledger.ts';

/** True if the volume has grown and its file system is still to follow, as the resizer marks it. */
export function awaitsGrowth(claim: PersistentVolumeClaim): boolean {
  return claim.status?.conditions?.some((it) => it.type === 'FileSystemResizePending' && it.status === 'True') ?? false;
}

/** Grows the file system of a mounted volume if its claim awaits that, and says so in the claim's status. */
export async function growMounted(context: MounterContext, record: MountRecord, signal: AbortSignal): Promise<void> {
  const { api, events } = context;
  await context.lock.run(record.volume, async () => {
    const volume = api.informer(persistentVolumes).get({ name: record.volume });
    const ref = { namespace: volume?.spec.claimRef?.namespace, name: volume?.spec.claimRef?.name ?? '' };
    const claim = api.informer(persistentVolumeClaims).get(ref);
    const { source } = record;
    if (!volume || !claim || !awaitsGrowth(claim) || source.kind !== 'csi') return;
    try {
      await measured(context.meter, 'expand', () => context.csi.expand(volume, source, record.target, signal));
    } catch (error) {
      const message = `NodeExpandVolume failed for volume "${record.volume}": ${describeFailure(error)}`;
      events.warning(claim, 'VolumeResizeFailed', message);
      throw error;
    }
    await recordGrowth(context, claim, volume.spec.capacity);
    const message = `NodeExpandVolume succeeded for volume "${record.volume}"`;
    events.normal(claim, 'FileSystemResizeSuccessful', message);
  });
}

async function recordGrowth(
  { api }: MounterContext,
  claim: PersistentVolumeClaim,
  capacity: Readonly<Record<string, string>> | undefined,
): Promise<void> {
  const status = claim.status ?? {};
  const conditions = status.conditions?.filter(({ type }) => type !== 'FileSystemResizePending' && type !== 'Resizing');
  const { storage: _, ...statuses } = status.allocatedResourceStatuses ?? {};
  const { allocatedResourceStatuses: __, ...kept } = status;
  const next = {
    ...kept,
    conditions,
    ...(larger(capacity?.['storage'], status.capacity?.['storage']) && { capacity: { ...capacity } }),
    ...(Object.keys(statuses).length > 0 && { allocatedResourceStatuses: statuses }),
  };
  await api.updateStatus(persistentVolumeClaims, { ...claim, status: next }).catch((error: unknown) => {
    if (!isCode(error, 'not-found')) throw error;
  });
}

function larger(one: string | undefined, other: string | undefined): boolean {
  return bytesOf(one ?? '0') > bytesOf(other ?? '0');
}
