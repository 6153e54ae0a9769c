import type { NodeStageVolumeRequest } from '../../csi/protocol/csi_pb.ts';
import { fail, messageOf } from '../../lib/errors.ts';
import { notForBindMounts } from '../../model/filesystems/mount.ts';
import { canonical, readMounts } from '../../node/mountinfo.ts';
import { readCapability, type Use } from '../capability.ts';
import { canNameObject } from '../object-names.ts';
import { releaseAttachment, takeAttachment } from './attachments.ts';
import { isDeviceReadOnly, type NodeRecord } from './device-mode.ts';
import { checkMode, findHere, mountedAt, type NodeContext } from './node-context.ts';
import { type StageFilesystem, stageFilesystem } from './stage-filesystem.ts';
import { unmountVolume } from './unpublish.ts';

/**
 * Brings a volume to this node: takes its attachment, attaches it, and mounts its file system at the staging path.
 * Raw block and directories need no mount there. A first try that fails leaves nothing behind.
 */
export async function stage(
  context: NodeContext,
  request: Pick<NodeStageVolumeRequest, 'volumeId' | 'stagingTargetPath' | 'volumeCapability'>,
): Promise<void> {
  const { volumeId: name, stagingTargetPath: staging } = request;
  const doing = `staging volume ${name}`;
  const use = readCapability(doing, request.volumeCapability);
  const { volume, ref } = await findHere(context, doing, name);
  checkMode(doing, volume.spec.mode, use);
  const before = await context.records.load(name);
  if (before) await checkSame(doing, before, staging, use.readOnly);
  const record: NodeRecord = {
    version: 1,
    volume: name,
    pool: ref.pool,
    staging,
    mode: use.mode,
    readOnly: use.readOnly,
    singleWriter: use.singleWriter,
    published: before?.published ?? [],
    inline: before?.inline,
  };
  if (JSON.stringify(before) !== JSON.stringify(record)) await context.records.save(name, record);
  try {
    const wish = { node: context.node, mode: use.readOnly ? 'ReadOnly' : 'ReadWrite' } as const;
    // What was last seen of the Volume may be from before it was let go here, but not while there is a record.
    await takeAttachment(context.api, volume, wish, { believed: before !== undefined });
    await bringHere(context, { doing, volume, ref, staging, use, record });
  } catch (error) {
    if (!before) await undo(context, record);
    throw error;
  }
}

async function bringHere(
  context: NodeContext,
  {
    use,
    record,
    ...wish
  }: Pick<StageFilesystem, 'doing' | 'volume' | 'ref' | 'staging'> & { readonly use: Use; readonly record: NodeRecord },
): Promise<void> {
  const { engine } = context;
  const present = await engine.node.attached(wish.ref);
  const mount = present?.kind === 'device' ? await mountedAt(present.path, wish.staging) : undefined;
  // Nothing comes after a mount for reading; after one for writing, something may, if it was cut off.
  if (mount?.readOnly) return;
  const block = use.mode === 'Block';
  const readOnly = isDeviceReadOnly(record, context.kubelet);
  const attached = present && mount ? present : await engine.node.attach(wish.ref, { readOnly });
  if (block) return;
  if (attached.kind === 'device') await stageFilesystem(context, { ...wish, ...use }, attached);
  else checkDirectoryFlags(wish.doing, use.mountFlags);
}

/** Throws `invalid` for a mount option that a directory can't be published with: none is ignored in silence. */
function checkDirectoryFlags(doing: string, flags: readonly string[]): void {
  const root = process.getuid?.() === 0;
  const [first] = root ? notForBindMounts(flags) : flags;
  if (first === undefined) return;
  const why = root ? 'is none that they can have' : 'takes a mount, which only root can make';
  fail('invalid', `${doing}: its pool keeps directories, and the mount option ${first} ${why}; leave it out`);
}

/** Lets a volume go from this node. The record is all that it needs; without one, there is nothing to do. */
export async function unstage(context: NodeContext, name: string, staging: string): Promise<void> {
  const record = await context.records.load(name);
  if (!record) {
    // A handle that can name no Volume is not of ours: nothing of it is anywhere.
    if (!canNameObject(name)) return;
    return releaseAttachment(context.api, name, context.node, context.volumes.informer.get({ name }));
  }
  const doing = `unstaging volume ${name}`;
  // Nothing of it is where it never was; whoever staged it elsewhere takes it off there.
  if ((await canonical(record.staging)) !== (await canonical(staging))) return;
  const mounted = await stillPublished(record);
  if (mounted.length > 0) fail('in-use', `${doing}: it is still published at ${mounted.join(', ')}`);
  await letGo(context, record);
  await context.records.remove(name);
}

/** Ensures that nothing of the volume is on this node but its record. */
export async function letGo(
  { api, engine, exec, node, volumes: view }: Pick<NodeContext, 'api' | 'engine' | 'exec' | 'node' | 'volumes'>,
  record: NodeRecord,
): Promise<void> {
  const { volume: name, pool } = record;
  await unmountVolume({ engine, exec, volumes: view }, record, record.staging);
  await engine.node.detach({ pool, name });
  await releaseAttachment(api, name, node, view.informer.get({ name }));
}

/** The record stays if this fails, so that unstaging can finish it. */
async function undo(context: NodeContext, record: NodeRecord): Promise<void> {
  try {
    await letGo(context, record);
    await context.records.remove(record.volume);
  } catch (error) {
    context.log.warn({ volume: record.volume, reason: messageOf(error) }, 'failed staging not undone; unstage does it');
  }
}

async function checkSame(doing: string, before: NodeRecord, staging: string, readOnly: boolean): Promise<void> {
  if (before.staging === staging && before.readOnly === readOnly) return;
  // After a reboot, a record may speak of mounts that are no more.
  const path = await canonical(before.staging);
  const mounted = (await readMounts()).some(({ target }) => target === path);
  if (!mounted && (await stillPublished(before)).length === 0) return;
  if (before.staging !== staging) fail('in-use', `${doing} at ${staging}: it is staged at ${before.staging}`);
  fail('already-exists', `${doing}: it is staged there ${before.readOnly ? 'read-only' : 'for writing'} already`);
}

/** The targets that are mounted still. A target that is a symbolic link keeps nothing busy. */
export async function stillPublished({ published }: NodeRecord): Promise<readonly string[]> {
  if (published.length === 0) return [];
  const mounted = new Set((await readMounts()).map(({ target }) => target));
  const targets = await Promise.all(published.map(async ({ target }) => [target, await canonical(target)] as const));
  return targets.filter(([, path]) => mounted.has(path)).map(([target]) => target);
}
