import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Api } from '../../api/api.ts';
import { fail } from '../../lib/errors.ts';
import { pools } from '../../model/kinds/index.ts';
import { readMounts } from '../../node/mountinfo.ts';
import { identityOf, mountIdOf, openEntry, type Place, walk, wayTo } from '../../node/paths/walk.ts';

/** File systems in which the kernel shows itself: nothing can be made there, and nothing belongs there. */
const kernels: ReadonlySet<string> = new Set([
  'binfmt_misc',
  'bpf',
  'cgroup',
  'cgroup2',
  'configfs',
  'debugfs',
  'devpts',
  'devtmpfs',
  'efivarfs',
  'fusectl',
  'mqueue',
  'proc',
  'pstore',
  'securityfs',
  'selinuxfs',
  'sysfs',
  'tracefs',
]);

interface Bound {
  readonly path: string;
  readonly what: string;
  /** A directory in it that is free. */
  readonly but?: string;
}

type BoundsContext = { readonly api: Api; readonly node: string; readonly dataDir: string };

/**
 * Throws `invalid` if a volume may not appear at the place: in the kernel's own file systems, in the data directory
 * (but where `moorage run` has its mounts), or in a pool. What decides is which directories are on the way, not what
 * the path calls them.
 */
export async function checkTargetBounds(context: BoundsContext, place: Place): Promise<void> {
  const around = await mountIdOf(place.parent);
  const fsType = (await readMounts()).find(({ id }) => id === around)?.fsType ?? '';
  if (kernels.has(fsType)) refuse(place.path, `that is in a file system of the kernel (${fsType})`);
  const system = ['/proc', '/sys', '/dev'].map((path) => ({ path, what: `that is in ${path}` }));
  await checkInside(place, [...system, ...(await ownBounds(context, 'that is in'))]);
}

/**
 * Throws `invalid` if the place is not to be shown to anybody as a volume's content: what is in the data directory or
 * in a pool, and what has one of them in it.
 */
export async function checkSourceBounds(context: BoundsContext, place: Place): Promise<void> {
  const bounds = await ownBounds(context, 'that is in');
  await checkInside(place, bounds);
  const own = await ownIdentity(place);
  for (const { path, what } of bounds) {
    const inside = await wayToPath(path);
    if (own !== undefined && inside.includes(own)) refuse(place.path, `${what.replace('that is in', 'in it is')}`);
  }
}

async function ownBounds({ api, node, dataDir }: BoundsContext, words: string): Promise<readonly Bound[]> {
  const informer = api.informer(pools);
  await informer.synced;
  const ofPools = [...informer.list()].flatMap(({ metadata: { name }, spec, status }) => {
    const here = (status?.nodes ?? []).flatMap((it) => (it.node === node && it.path ? [it.path] : []));
    const named = spec.path && (spec.node ?? node) === node ? [spec.path] : [];
    return [...named, ...here].map((path) => ({ path, what: `${words} pool ${name}` }));
  });
  return [...ofPools, { path: dataDir, what: `${words} the data directory`, but: join(dataDir, 'run', 'mounts') }];
}

async function checkInside(place: Place, bounds: readonly Bound[]): Promise<void> {
  const own = await ownIdentity(place);
  const above = new Set(await wayTo(place));
  const way = own === undefined ? above : new Set([...above, own]);
  for (const { path, what, but } of bounds) {
    if (!(await isOn(way, path)) || (but && (await isOn(above, but)))) continue;
    refuse(place.path, what);
  }
}

async function isOn(way: ReadonlySet<string>, path: string): Promise<boolean> {
  const found = await stat(path, { bigint: true }).catch(() => undefined);
  return found?.isDirectory() === true && way.has(identityOf(found));
}

async function ownIdentity(place: Place): Promise<string | undefined> {
  await using entry = await openEntry(place);
  return entry && identityOf(await entry.stat({ bigint: true }));
}

async function wayToPath(path: string): Promise<readonly string[]> {
  const found = await walk(path).catch(() => undefined);
  if (!found) return [];
  await using place = found;
  return await wayTo(place);
}

function refuse(path: string, why: string): never {
  return fail('invalid', `${path} can't be used: ${why}; choose another path`);
}
