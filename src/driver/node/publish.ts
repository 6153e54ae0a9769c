import { lstat, readlink, rmdir, symlink } from 'node:fs/promises';
import type { NodePublishVolumeRequest } from '../../csi/protocol/csi_pb.ts';
import { fail, unreachable } from '../../lib/errors.ts';
import { isReadOnlyDevice } from '../../node/filesystem/statistics.ts';
import { bindMount } from '../../node/mount.ts';
import { mountAt } from '../../node/mountinfo.ts';
import { entryOf, openEntry, walk } from '../../node/paths/walk.ts';
import { readCapability } from '../capability.ts';
import { isDeviceReadOnly, type NodeRecord, type Published } from './device-mode.ts';
import { checkMode, findHere, type NodeContext } from './node-context.ts';

/** Makes a staged volume appear at the target path. */
export async function publish(context: NodeContext, request: NodePublishVolumeRequest): Promise<void> {
  const { volumeId: name, targetPath: target } = request;
  const { exec, records } = context;
  const doing = `publishing volume ${name} at ${target}`;
  const use = readCapability(doing, request.volumeCapability);
  const record = await records.load(name);
  if (!record) {
    await findHere(context, doing, name);
    return fail('in-use', `${doing}: it is not staged on this node; stage it first`);
  }
  checkMode(doing, record.mode, use);
  const readOnly = request.readonly || use.readOnly || record.readOnly;
  const staged = await stagedContent(context, doing, record);
  const wish: Published = { target, readOnly, how: staged.how };
  const others = await checkOthers(doing, record, wish, use.singleWriter || record.singleWriter);
  if (staged.how === 'device' && !context.kubelet) checkOneWay(doing, others, wish);
  const next = { ...record, published: [...others, wish] };
  if (JSON.stringify(next) !== JSON.stringify(record)) await records.save(name, next);
  switch (staged.how) {
    case 'bind': {
      const options = staged.directory ? use.mountFlags : [];
      return bindMount(exec, staged.path, target, { readOnly, options });
    }
    case 'device': {
      const device = await deviceFor(context, next, others.length > 0);
      return bindMount(exec, device, target, { file: true });
    }
    case 'symlink':
      if (readOnly) fail('invalid', `${doing}: without root, a directory can't be made read-only; mount it writable`);
      return linkTo(doing, staged.path, target);
    default:
      return unreachable(staged.how);
  }
}

interface Staged {
  readonly how: Published['how'];
  readonly path: string;
  /** True if it has no mount of its own yet, so that the one at the target is to have the options. */
  readonly directory?: boolean;
}

/** What of a staged volume can be published. Throws `in-use` (FAILED_PRECONDITION) if it is not staged. */
async function stagedContent({ engine }: NodeContext, doing: string, record: NodeRecord): Promise<Staged> {
  if (record.mode === 'Block') return { how: 'device', path: '' };
  if (await mountAt(record.staging)) return { how: 'bind', path: record.staging };
  const attached = await engine.node.attached({ pool: record.pool, name: record.volume });
  if (attached?.kind !== 'directory') return fail('in-use', `${doing}: it is not staged any more; stage it again`);
  return { how: process.getuid?.() === 0 ? 'bind' : 'symlink', path: attached.path, directory: true };
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

/** Raw block is one device for all who have it on the node, and that is read-only for all of them or for none. */
function checkOneWay(doing: string, others: readonly Published[], { readOnly }: Published): void {
  const other = others.find((it) => it.readOnly !== readOnly);
  if (!other) return;
  const words = other.readOnly ? 'read-only' : 'for writing';
  fail('in-use', `${doing}: its one device is ${words} at ${other.target}, and can't be both; take it off there first`);
}

/** The device as all who have it want it. A mount can't keep anybody from writing to one, so it does so itself. */
async function deviceFor(context: NodeContext, record: NodeRecord, others: boolean): Promise<string> {
  const { engine, kubelet } = context;
  const ref = { pool: record.pool, name: record.volume };
  const readOnly = isDeviceReadOnly(record, kubelet);
  const present = others || !readOnly ? undefined : await engine.node.attached(ref);
  // One that was attached for writing while nobody had it stays so until it is let go.
  if (present && !(await isReadOnlyDevice(present.path))) await engine.node.detach(ref);
  return (await engine.node.attach(ref, { readOnly })).path;
}

async function isThere({ target, how }: Published): Promise<boolean> {
  if (how !== 'symlink') return (await mountAt(target)) !== undefined;
  return (await lstat(target).catch(() => undefined))?.isSymbolicLink() ?? false;
}

async function linkTo(doing: string, path: string, target: string): Promise<void> {
  await using place = await walk(target, { make: 0o777 });
  await using present = await openEntry(place);
  const found = await present?.stat();
  if (found?.isSymbolicLink()) {
    if ((await readlink(entryOf(place))) === path) return;
    fail('in-use', `${doing}: a link to something else is there; remove it`);
  }
  // An empty directory may stand where the link goes; rmdir takes no other.
  if (found) {
    await rmdir(entryOf(place)).catch((cause) => fail('in-use', `${doing}: something is there; remove it`, cause));
  }
  await symlink(path, entryOf(place));
}
