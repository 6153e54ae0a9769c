import { rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Controller, type Result } from '../../api/controller.ts';
import type { NodePublishVolumeRequest } from '../../csi/protocol/csi_pb.ts';
import { isCode, messageOf } from '../../lib/errors.ts';
import { volumes } from '../../model/kinds/moorage.ts';
import { inlineLabel } from '../../volumes/references/needed.ts';
import { ensureVolume } from '../controller/create-volume.ts';
import { objectName } from '../object-names.ts';
import { readInline } from '../requests/inline-attributes.ts';
import type { NodeRecord } from './device-mode.ts';
import type { NodeContext } from './node-context.ts';
import { publish } from './publish.ts';
import { letGo, stage } from './stage.ts';
import { unpublish } from './unpublish.ts';

/** Milliseconds between two looks at whether the pod of an inline volume is still there. */
export const sweepEvery = 60_000;

/** What taking one away needs. */
type RemovalContext = Omit<NodeContext, 'onInline'>;

/**
 * Makes a volume for one pod, and makes it appear at the target path. Its record is written before anything else and
 * goes last of all, so that wherever this is cut off, something knows what has to go.
 */
export async function publishInline(
  context: NodeContext,
  request: NodePublishVolumeRequest,
  signal: AbortSignal,
): Promise<void> {
  const { volumeId, targetPath: target, volumeCapability } = request;
  const { records, dataDir, node } = context;
  const name = objectName('inline', volumeId);
  const doing = `making inline volume ${name}`;
  const wish = readInline(doing, request, node);
  const staging = join(dataDir, 'inline', name);
  const before = await records.load(name);
  const record: NodeRecord = before ?? {
    version: 1,
    volume: name,
    pool: '',
    staging,
    mode: 'Filesystem',
    readOnly: false,
    singleWriter: false,
    published: [],
    inline: { volumeId, target },
  };
  if (!before) await records.save(name, record);
  context.onInline(name);
  try {
    await ensureVolume(context, { doing, name, wish }, signal);
    await stage(context, { volumeId: name, stagingTargetPath: staging, volumeCapability });
    await publish(context, { ...request, volumeId: name });
  } catch (error) {
    // The kubelet comes back after these, to try again or to take it away; after the others perhaps not.
    const again = isCode(error, 'timeout', 'not-ready', 'busy', 'conflict');
    if (!again && record.published.length === 0) await tryToRemove(context, name);
    throw error;
  }
}

/** Takes an inline volume away from its target path, and its data with it. */
export async function unpublishInline(context: RemovalContext, record: NodeRecord, target: string): Promise<void> {
  await unpublish(context, record.volume, target);
  const now = await context.records.load(record.volume);
  if (now && now.published.length === 0) await remove(context, now);
}

/** The record of an inline volume, by the name that the kubelet has for it. */
export async function inlineRecord(
  { records }: Pick<NodeContext, 'records'>,
  volumeId: string,
): Promise<NodeRecord | undefined> {
  const record = await records.load(objectName('inline', volumeId));
  return record?.inline?.volumeId === volumeId ? record : undefined;
}

/**
 * Watches the inline volumes of this node, and takes those away whose pod's directory is no more: they went while
 * nobody listened, or failed in a way that the kubelet does not clear up after.
 */
export function createInlineSweep(context: RemovalContext): Controller {
  const { locks, log, records } = context;
  const reconcile = async (name: string): Promise<Result> => {
    const found = await records.load(name);
    if (!found?.inline) return {};
    const { volumeId, target } = found.inline;
    if (await exists(dirname(target))) return { again: sweepEvery };
    await locks.run(volumeId, async () => {
      const record = await records.load(name);
      if (!record?.inline || (await exists(dirname(target)))) return;
      await unpublishInline(context, record, target);
      log.info({ volume: name }, 'removed an inline volume whose pod is gone');
    });
    return {};
  };
  return new Controller({ name: 'inline-volume', log, reconcile });
}

async function tryToRemove(context: RemovalContext, name: string): Promise<void> {
  try {
    const record = await context.records.load(name);
    if (record) await remove(context, record);
  } catch (error) {
    context.log.warn({ volume: name, reason: messageOf(error) }, 'failed inline volume not removed; it is tried later');
  }
}

async function remove(context: RemovalContext, record: NodeRecord): Promise<void> {
  const { api, records } = context;
  const { volume: name } = record;
  // Without a pool it was never staged.
  if (record.pool !== '') await letGo(context, record);
  await rmdir(record.staging).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  const volume = await api.get(volumes, { name });
  if (volume?.metadata.labels?.[inlineLabel]) {
    await api.delete(volumes, { name }, { preconditions: { uid: volume.metadata.uid } });
  }
  await records.remove(name);
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== 'ENOENT',
  );
}
