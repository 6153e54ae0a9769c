import type { Attached, EngineRef } from '../../engines/engine.ts';
import { fail } from '../../lib/errors.ts';
import type { Exec } from '../../lib/exec.ts';
import { defaultFsType, type FsType, fsTypes } from '../../model/filesystems/types.ts';
import type { Volume } from '../../model/kinds/moorage.ts';
import { probeWholly } from '../../node/filesystem/blank.ts';
import {
  checkFilesystem,
  growFilesystem,
  growUnmounted,
  isClean,
  makeFilesystem,
  needsGrowth,
} from '../../node/filesystem/filesystem.ts';
import { mountDevice, unmount } from '../../node/mount.ts';
import { mountsOf, type NodeContext } from './node-context.ts';

export interface StageFilesystem {
  readonly doing: string;
  readonly volume: Volume;
  readonly ref: EngineRef;
  readonly staging: string;
  readonly fsType: FsType | undefined;
  readonly mountFlags: readonly string[];
  readonly readOnly: boolean;
}

type Device = Extract<Attached, { kind: 'device' }>;

/**
 * Mounts the file system of an attached volume at the staging path: makes it first if the volume is ours, was never
 * formatted and is blank; checks it otherwise; and lets it fill its device. A read-only one is brought in order and
 * then attached once more, without the right to write.
 */
export async function stageFilesystem(context: NodeContext, wish: StageFilesystem, device: Device): Promise<void> {
  await mountWritable(context, wish, device);
  if (wish.readOnly) await takeWriting(context, wish);
}

/** In place of the writable mount, which has replayed the journal, one of a device that takes no writes. */
async function takeWriting(context: NodeContext, wish: StageFilesystem): Promise<void> {
  const { exec, engine } = context;
  const { doing, ref, staging: target } = wish;
  await unmount(exec, target);
  await engine.node.detach(ref);
  const attached = await engine.node.attach(ref, { readOnly: true });
  if (attached.kind !== 'device') fail('internal', `${doing}: the engine gave no device`);
  const fsType = knownFormat(wish, await engine.node.formatted(ref));
  await mountDevice(exec, {
    device: attached.path,
    target,
    fsType,
    readOnly: true,
    options: mountOptions(wish, fsType),
  });
}

async function mountWritable(context: NodeContext, wish: StageFilesystem, attached: Device): Promise<void> {
  const { exec } = context;
  const { path: device } = attached;
  // While it is mounted, here by a staging that was cut off or elsewhere, nothing may touch the device but that mount.
  const inUse = (await mountsOf(device)).length > 0;
  const formatted = await context.engine.node.formatted(wish.ref);
  if (formatted === undefined && !inUse) return mountNew(context, wish, attached, await make(context, wish, attached));
  const fsType = knownFormat(wish, formatted);
  const believed = inUse || (await isClean(device, fsType));
  if (!believed) await checkFilesystem(exec, device, fsType);
  const grow = await needsGrowth(device, fsType);
  if (grow && fsType === 'ext4' && !inUse) await growUnmounted(exec, device);
  const mount = { device, target: wish.staging, fsType, options: mountOptions(wish, fsType) };
  await mountDevice(exec, mount).catch(async (error: unknown) => {
    if (inUse || !believed) throw error;
    // It may not be what it says: the check mends it, or knows better words.
    await checkFilesystem(exec, device, fsType);
    await mountDevice(exec, mount);
  });
  if (grow && fsType === 'xfs') await growFilesystem(exec, { device, target: wish.staging, fsType });
}

/** Makes the file system of a volume that has none yet, and returns of which type. */
async function make(context: NodeContext, wish: StageFilesystem, { path: device, untouched }: Device): Promise<FsType> {
  const { engine, exec, meter } = context;
  const { doing, ref, volume } = wish;
  if (!untouched) await checkBlank(exec, doing, device);
  const fsType = known(doing, volume.spec.fsType ?? wish.fsType ?? defaultFsType);
  const started = performance.now();
  await engine.node.recordFormat(ref, fsType, 'formatting');
  await makeFilesystem(exec, { device, fsType, options: volume.spec.mkfsOptions ?? [] });
  meter.observe('step', { step: 'format', code: 'OK' }, (performance.now() - started) / 1_000);
  return fsType;
}

/** Notes and mounts what was just made, and takes the space meanwhile that it needs to stay alive. All, or nothing. */
async function mountNew(
  { engine, exec }: NodeContext,
  wish: StageFilesystem,
  { path: device }: Device,
  fsType: FsType,
): Promise<void> {
  const { ref, staging: target } = wish;
  const mount = async () => {
    await engine.node.recordFormat(ref, fsType, 'formatted');
    await mountDevice(exec, { device, target, fsType, options: mountOptions(wish, fsType) });
  };
  const [mounted, secured] = await Promise.allSettled([mount(), engine.node.secure(ref, { device, fsType })]);
  if (secured.status === 'rejected') {
    // Nobody has seen it yet: the next try begins anew.
    await unmount(exec, target);
    await engine.node.recordFormat(ref, fsType, 'formatting');
    throw secured.reason;
  }
  if (mounted.status === 'rejected') throw mounted.reason;
}

async function checkBlank(exec: Exec, doing: string, device: string): Promise<void> {
  const content = await probeWholly(exec, device);
  if (content.kind === 'blank') return;
  const what = content.kind === 'foreign' ? content.what : content.fsType;
  fail('corrupted', `${doing}: it was never formatted, yet there is ${what} on it; it was left as it is`);
}

function knownFormat({ doing }: StageFilesystem, formatted: string | undefined): FsType {
  return known(doing, formatted ?? fail('internal', `${doing}: it is mounted unformatted`));
}

/** A copy of an XFS has its source's UUID, and each must be mountable while the other is: hence `nouuid` for all. */
function mountOptions({ mountFlags }: StageFilesystem, fsType: FsType): readonly string[] {
  return fsType === 'xfs' && !mountFlags.includes('nouuid') ? ['nouuid', ...mountFlags] : mountFlags;
}

function known(doing: string, fsType: string): FsType {
  return fsTypes.find((it) => it === fsType) ?? fail('invalid', `${doing}: file system "${fsType}" is not known here`);
}
