import { readlink, rmdir, stat, unlink } from 'node:fs/promises';
import type { Attached } from '../../engines/engine.ts';
import { fail, isCode } from '../../lib/errors.ts';
import { deviceNumber, unmountAt } from '../../node/mount.ts';
import { isMountOf, type MountEntry, readMounts } from '../../node/mountinfo.ts';
import { mountAtPlace } from '../../node/paths/mounted.ts';
import { entryOf, openEntry, type Place, walk } from '../../node/paths/walk.ts';
import type { NodeRecord, Published } from './device-mode.ts';
import type { NodeContext } from './node-context.ts';

/** What it takes to unpublish. */
type UnpublishContext = Pick<NodeContext, 'engine' | 'exec' | 'records' | 'volumes'>;

/**
 * Ensures that the volume is not at the target path any more, and that nothing is left of what publishing put there.
 * What else is there, mounted or not, is not ours to take away: it stays, and that is no error, since nobody could do
 * anything about it and whoever asks would ask for ever. Throws `busy` while something holds the volume there.
 */
export async function unpublish(context: UnpublishContext, name: string, target: string): Promise<void> {
  const record = await context.records.load(name);
  const ours = record?.published.find((it) => it.target === target);
  await takeAway(context, name, target, record, ours);
  if (!record || !ours) return;
  await context.records.save(name, { ...record, published: record.published.filter((it) => it.target !== target) });
}

async function takeAway(
  context: UnpublishContext,
  name: string,
  target: string,
  record: NodeRecord | undefined,
  ours: Published | undefined,
): Promise<void> {
  await using place = await walkTo(target);
  if (!place) return;
  const looks = await looksOf(context, name, record);
  const { wasMounted, theirs } = await takeOff(context, place, looks, name);
  if (!theirs && (ours || wasMounted)) await removeTarget(place, ours?.how, looks);
}

/** Unmounts what is of the volume at a path; what else is mounted there stays. Throws `busy` if that is over it. */
export async function unmountVolume(
  context: Omit<UnpublishContext, 'records'>,
  record: NodeRecord,
  path: string,
): Promise<void> {
  await using place = await walkTo(path);
  if (place) await takeOff(context, place, await looksOf(context, record.volume, record), record.volume);
}

async function takeOff(
  { exec }: Pick<UnpublishContext, 'exec'>,
  place: Place,
  looks: Looks,
  name: string,
): Promise<{ readonly wasMounted: boolean; readonly theirs: boolean }> {
  let wasMounted = false;
  for (let mount = await mountAtPlace(place); mount; mount = await mountAtPlace(place)) {
    if (!isOf(looks, mount)) {
      await refuseIfBelow(looks, place, name, mount);
      return { wasMounted, theirs: true };
    }
    await unmountAt(exec, place, mount);
    wasMounted = true;
  }
  return { wasMounted, theirs: false };
}

/** Undefined where no path leads that nobody else could have turned: whatever is there now is not what we made. */
async function walkTo(path: string): Promise<Place | undefined> {
  return walk(path).catch((error: unknown) => {
    if (isCode(error, 'invalid')) return undefined;
    throw error;
  });
}

/** By what a mount of the volume is known. */
interface Looks {
  /** Its block device: `/dev/loop7`, and `major:minor`, if that is known. */
  readonly block: { readonly device: string; readonly number: string | undefined } | undefined;
  /** How the path of its directory ends within its file system. */
  readonly root: string | undefined;
  /** The directory itself. */
  readonly directory: string | undefined;
}

async function looksOf(
  context: Omit<UnpublishContext, 'records'>,
  name: string,
  record: NodeRecord | undefined,
): Promise<Looks> {
  const attached = await attachedTo(context, name, record);
  if (attached?.kind === 'directory') {
    const root = `/${attached.path.split('/').slice(-3).join('/')}`;
    return { block: undefined, root, directory: attached.path };
  }
  const device = attached?.path ?? (record && (await context.engine.node.trace(name)));
  if (device === undefined) return { block: undefined, root: undefined, directory: undefined };
  return { block: { device, number: await numberOf(device) }, root: undefined, directory: undefined };
}

/** What the engine has of it; without a record, in the pool that its Volume names. */
async function attachedTo(
  { engine, volumes }: Pick<UnpublishContext, 'engine' | 'volumes'>,
  name: string,
  record: NodeRecord | undefined,
): Promise<Attached | undefined> {
  const pool = record?.pool || volumes.informer.get({ name })?.status?.placement?.pool;
  if (!pool) return undefined;
  // A pool that is not to be had any more must not keep its volumes mounted.
  return engine.node.attached({ pool, name }).catch(() => undefined);
}

async function numberOf(device: string): Promise<string | undefined> {
  const found = await stat(device).catch(() => undefined);
  return found && deviceNumber(found.rdev);
}

function isOf({ block, root }: Looks, mount: MountEntry): boolean {
  if (block && isMountOf(mount, block)) return true;
  return root !== undefined && mount.root.endsWith(root);
}

async function refuseIfBelow(looks: Looks, place: Place, name: string, above: MountEntry): Promise<void> {
  const below = (await readMounts()).some(
    ({ target, ...mount }) => target === place.path && isOf(looks, { target, ...mount }),
  );
  if (!below) return;
  fail('busy', `taking volume ${name} off ${place.path}: ${above.source} is mounted over it; unmount that first`);
}

/** Removes an empty directory, an empty file or a link to the volume; anything else was not put there by us. */
async function removeTarget(place: Place, how: Published['how'] | undefined, { directory }: Looks): Promise<void> {
  await using entry = await openEntry(place);
  const found = await entry?.stat();
  if (!found) return;
  const path = entryOf(place);
  const tolerate = (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT' && error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
  };
  if (found.isDirectory()) return await rmdir(path).catch(tolerate);
  if (found.isFile() && found.size === 0) return await unlink(path).catch(tolerate);
  if (how !== 'symlink' || !found.isSymbolicLink()) return;
  if (directory === undefined || (await readlink(path)) === directory) await unlink(path).catch(tolerate);
}
