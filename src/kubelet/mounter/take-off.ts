import { fail, isCode } from '../../lib/errors.ts';
import { heldBy, holdersOf } from '../../node/holders.ts';
import { describeFailure } from '../../sidecars/requests/outcome.ts';
import { unbindVolume } from '../publish/bind-volume.ts';
import { lookAt, restoreTarget } from '../publish/target.ts';
import { type MounterContext, measured } from './context.ts';
import type { MountRecord } from './mount-ledger.ts';

/**
 * Undoes everything that a record tells of: unpublishes, unstages unless another Mount has the volume, and forgets
 * it. Needs nothing but the record and the driver. Throws `busy`, naming who holds it, while something uses it.
 */
export async function takeOff(context: MounterContext, record: MountRecord, signal: AbortSignal): Promise<void> {
  await context.lock.run(record.volume, async () => {
    const { ledger, published, log } = context;
    published.delete(record.uid);
    await measured(context.meter, 'unpublish', () => unpublish(context, record, signal));
    await restoreTarget(record.target, record.targetWas);
    const rest = ledger.ofVolume(record.volume).filter(({ uid }) => uid !== record.uid);
    if (rest.length === 0) await unstage(context, record, signal);
    await ledger.remove(record);
    log.info({ mount: `${record.namespace}/${record.name}`, volume: record.volume, path: record.target }, 'unmounted');
  });
}

async function unpublish({ csi, exec, log }: MounterContext, record: MountRecord, signal: AbortSignal): Promise<void> {
  const { source, target } = record;
  if (source.kind === 'bind') {
    await unbindVolume(exec, target);
    return;
  }
  // Some drivers remove the target with all that is in it: never let them do so to what is not mounted.
  if ((await lookAt(target)) === 'foreign') {
    log.warn({ path: target, volume: record.volume }, 'files that are not of the volume are at its path; left alone');
    return;
  }
  try {
    await csi.unpublish(source, target, signal);
  } catch (error) {
    await explainBusy(target, error);
  }
  if ((await lookAt(target)) === 'mount') await explainBusy(target, new Error('the driver left it mounted'));
}

async function explainBusy(target: string, error: unknown): Promise<never> {
  if (isCode(error, 'not-ready') || (await lookAt(target)) !== 'mount') throw error;
  const words = describeFailure(error);
  const holders = /held by/.test(words) ? [] : await holdersOf(target);
  return fail('busy', `unmounting ${target}: ${words}${heldBy(holders)}`, error);
}

async function unstage({ csi, staged }: MounterContext, { source }: MountRecord, signal: AbortSignal): Promise<void> {
  if (source.kind !== 'csi' || !source.staging) return;
  staged.delete(source.staging);
  await csi.unstage(source, signal);
}
