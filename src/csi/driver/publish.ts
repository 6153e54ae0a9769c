import { lstat, mkdir, readlink, rm, rmdir, symlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fail } from '../../lib/errors.ts';
import { bindMount, unmount } from '../../node/mount.ts';
import { type MountEntry, mountAt } from '../../node/mountinfo.ts';
import type { NodePublishVolumeRequest } from '../protocol/csi_pb.ts';
import { readCapability } from './capability.ts';
import { checkMode, findHere, mountsOf, type NodeContext } from './node-context.ts';
import type { NodeRecord, Published } from './node-record.ts';

/** Makes a staged volume appear at the target path. */
export async function publish(context: NodeContext, request: NodePublishVolumeRequest): Promise<void> {
  const { volumeId: name, targetPath: target } = request;
  const { engine, exec, records } = context;
  const doing = `publishing volume ${name} at ${target}`;
  const use = readCapability(doing, request.volumeCapability);
  const record = await records.load(name);
  if (!record) {
    await findHere(context, doing, name);
    return fail('in-use', `${doing}: it is not staged on this node; stage it first`);
  }
  const ref = { pool: record.pool, name };
  checkMode(doing, record.mode, use);
  const readOnly = request.readonly || use.readOnly || record.readOnly;
  const staged = await stagedContent(context, doing, record);
  const wish: Published = { target, readOnly, how: staged.how };
  const others = await checkOthers(doing, record, wish, use.singleWriter || record.singleWriter);
  const next = { ...record, published: [...others, wish] };
  if (JSON.stringify(next) !== JSON.stringify(record)) await records.save(name, next);
  switch (staged.how) {
    case 'bind':
      return bindMount(exec, staged.path, target, { readOnly });
    case 'device': {
      // A mount can't keep anybody from writing to a device.
      if (readOnly && !record.readOnly && !context.kubelet) {
        fail('invalid', `${doing}: raw block that is staged for writing can't be published read-only`);
      }
      const attached = await engine.node.attach(ref, { readOnly: record.readOnly });
      return bindMount(exec, attached.path, target, { file: true });
    }
    case 'symlink':
      if (readOnly) fail('invalid', `${doing}: without root, a directory can't be made read-only; mount it writable`);
      return linkTo(doing, staged.path, target);
  }
}

/** What it takes to unpublish. */
type UnpublishContext = Pick<NodeContext, 'engine' | 'exec' | 'records'>;

/** Ensures that the volume is not at the target path any more, and that nothing is left of that path. */
export async function unpublish(context: UnpublishContext, name: string, target: string): Promise<void> {
  const { exec, records } = context;
  const record = await records.load(name);
  const ours = record?.published.find((it) => it.target === target);
  const mount = await mountAt(target);
  if (mount && !ours && !(await isOf(context, record, mount))) {
    fail('in-use', `unpublishing volume ${name} from ${target}: what is mounted there is not that volume`);
  }
  if (mount) await unmount(exec, target);
  await removeTarget(target);
  if (!record || !ours) return;
  await records.save(name, { ...record, published: record.published.filter((it) => it.target !== target) });
}

interface Staged {
  readonly how: Published['how'];
  readonly path: string;
}

/** What of a staged volume can be published. Throws `in-use` (FAILED_PRECONDITION) if it is not staged. */
async function stagedContent({ engine }: NodeContext, doing: string, record: NodeRecord): Promise<Staged> {
  if (record.mode === 'Block') return { how: 'device', path: '' };
  if (await mountAt(record.staging)) return { how: 'bind', path: record.staging };
  const attached = await engine.node.attached({ pool: record.pool, name: record.volume });
  if (attached?.kind !== 'directory') return fail('in-use', `${doing}: it is not staged any more; stage it again`);
  return { how: process.getuid?.() === 0 ? 'bind' : 'symlink', path: attached.path };
}

/** The other targets that are still there. Throws if they do not go together with the wish. */
async function checkOthers(
  doing: string,
  { published }: NodeRecord,
  wish: Published,
  singleWriter: boolean,
): Promise<readonly Published[]> {
  const others: Published[] = [];
  for (const other of published) {
    if (!(await isThere(other))) continue;
    if (other.target !== wish.target) others.push(other);
    else if (other.readOnly !== wish.readOnly) {
      fail('already-exists', `${doing}: it is there ${other.readOnly ? 'read-only' : 'for writing'} already`);
    }
  }
  const [first] = others;
  if (first && singleWriter) fail('in-use', `${doing}: only one may have it, and it is at ${first.target}`);
  return others;
}

async function isThere({ target, how }: Published): Promise<boolean> {
  if (how !== 'symlink') return (await mountAt(target)) !== undefined;
  return (await lstat(target).catch(() => undefined))?.isSymbolicLink() ?? false;
}

/** Whether a mount that no record names shows the volume: for one whose record was lost. */
async function isOf(
  { engine }: Pick<NodeContext, 'engine'>,
  record: NodeRecord | undefined,
  mount: MountEntry,
): Promise<boolean> {
  if (!record) return false;
  const attached = await engine.node.attached({ pool: record.pool, name: record.volume });
  if (attached?.kind === 'device') return (await mountsOf(attached.path)).some(({ id }) => id === mount.id);
  return attached?.kind === 'directory' && attached.path.endsWith(mount.root);
}

async function linkTo(doing: string, path: string, target: string): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  const present = await lstat(target).catch(() => undefined);
  if (present?.isSymbolicLink()) {
    if ((await readlink(target)) === path) return;
    fail('in-use', `${doing}: a link to something else is there; remove it`);
  }
  // An empty directory may stand where the link goes; rmdir takes no other.
  if (present) await rmdir(target).catch((cause) => fail('in-use', `${doing}: something is there; remove it`, cause));
  await symlink(path, target);
}

/** Removes an empty directory, an empty file or a link; anything else was not put there by us. */
async function removeTarget(target: string): Promise<void> {
  const present = await lstat(target).catch(() => undefined);
  if (!present) return;
  if (present.isDirectory()) {
    await rmdir(target).catch((cause) =>
      fail('in-use', `removing ${target}: it is not empty, though nothing is mounted there; look at it`, cause),
    );
  } else if (present.isSymbolicLink() || (present.isFile() && present.size === 0)) await rm(target, { force: true });
  else fail('in-use', `removing ${target}: something is there that Moorage did not put there; look at it`);
}
