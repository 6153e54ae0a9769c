import { fail } from '../../lib/errors.ts';
import type { Mount } from '../../model/kinds/index.ts';
import { attachmentOf } from '../attach/attachment.ts';
import { bindVolume } from '../publish/bind-volume.ts';
import { lookAt } from '../publish/target.ts';
import { type MounterContext, measured } from './context.ts';
import type { MountRecord } from './mount-ledger.ts';
import type { Go } from './plan.ts';
import { latest, reportMount } from './report-mount.ts';

/** Puts the volume at the target: what takeOff undoes. May be called again. Says in the status if it takes long. */
export async function putOn(
  context: MounterContext,
  mount: Mount,
  plan: Go,
  record: MountRecord,
  signal: AbortSignal,
): Promise<void> {
  await sayIfSlow(context, mount, record, mountVolume(context, mount, plan, record, signal));
}

/** Stages, unless that is done, and publishes at the target; or binds. Never over files that are not of the volume. */
async function mountVolume(
  context: MounterContext,
  mount: Mount,
  { volume, source, readOnly }: Go,
  record: MountRecord,
  signal: AbortSignal,
): Promise<void> {
  const { csi, meter, staged } = context;
  const { target } = record;
  if ((await lookAt(target)) === 'foreign') {
    fail('invalid', `${target} can't be used: files are there that are not of the volume; move them away`);
  }
  if (source.kind === 'bind' || record.source.kind === 'bind') {
    if (source.kind === 'bind') {
      await measured(meter, 'publish', () => bindVolume(context, volume, source, target, readOnly));
    }
    return;
  }
  const publishContext = attachmentOf(context.api, context.node, source)?.status?.attachmentMetadata ?? {};
  const wanted = { volume, source: record.source, publishContext };
  const { staging } = record.source;
  if (staging && !staged.has(staging)) {
    await measured(meter, 'stage', () => csi.stage(wanted, signal));
    staged.add(staging);
  }
  try {
    await measured(meter, 'publish', () => csi.publish(wanted, mount, target, readOnly, signal));
  } catch (error) {
    // Perhaps the staging was lost: the next try stages again.
    if (staging) staged.delete(staging);
    throw error;
  }
}

/** Milliseconds after which a person wants to know that something is under way. */
const slow = 1_000;

async function sayIfSlow(
  context: MounterContext,
  mount: Mount,
  { volume }: MountRecord,
  work: Promise<void>,
): Promise<void> {
  let saying: Promise<unknown> = Promise.resolve();
  const timer = setTimeout(() => {
    const message = `the driver is preparing volume "${volume}"; making or checking a large file system takes its time`;
    const news = { phase: 'Mounting', reason: 'Staging', message, volume } as const;
    // Only for information: what can't be written now is overtaken by what comes next.
    saying = reportMount(context.api, latest(context.api, mount), context.node, news).catch(() => {});
  }, slow);
  try {
    await work;
  } finally {
    clearTimeout(timer);
    await saying;
  }
}
