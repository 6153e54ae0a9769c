import { isCode } from '../../lib/errors.ts';
import { sizeOfVolume } from '../../model/claims/claims.ts';
import { type PersistentVolumeClaim, persistentVolumeClaims, persistentVolumes } from '../../model/kinds/index.ts';
import { describeFailure } from '../../sidecars/requests/outcome.ts';
import { withProgress } from '../../sidecars/resizer/claim-status.ts';
import { type MounterContext, measured } from './context.ts';
import type { MountRecord } from './mount-ledger.ts';

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
    await recordGrowth(context, claim, sizeOfVolume(volume));
    const message = `NodeExpandVolume succeeded for volume "${record.volume}"`;
    events.normal(claim, 'FileSystemResizeSuccessful', message);
  });
}

async function recordGrowth({ api }: MounterContext, claim: PersistentVolumeClaim, size: bigint): Promise<void> {
  const status = withProgress(claim.status ?? {}, { at: 'end', size });
  await api.updateStatus(persistentVolumeClaims, { ...claim, status }).catch((error: unknown) => {
    if (!isCode(error, 'not-found')) throw error;
  });
}
