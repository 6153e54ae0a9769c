import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, mkdir, open, readFile, readlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { fail } from '../../lib/errors.ts';
import { isTrustedLink } from './trust.ts';

/** open(2)'s O_PATH, for which Node has no name: a handle of a place, which takes no right to read. */
const O_PATH = 0o10000000;
const asPlace = O_PATH | constants.O_NOFOLLOW;
const mostLinks = 40;
const deepest = 256;

/** A name in a directory that is held open: whoever moves directories or puts links in the way changes nothing of it. */
export interface Place extends AsyncDisposable {
  /** Where it was when it was walked to, without links. */
  readonly path: string;
  readonly name: string;
  readonly parent: FileHandle;
}

interface WalkOptions {
  /** Makes the directories on the way that are missing, with this mode. */
  readonly make?: number;
  /** Also follows a link at the end of the path, of those that are followed. */
  readonly last?: boolean;
}

/**
 * Walks to the parent of a path, directory by directory, each opened from the one before: what openat2(2) would do.
 * A symbolic link is followed only if nobody but root and this user could have put it there. Throws `invalid` for
 * others, and for what is no directory or is missing.
 */
export async function walk(path: string, options: WalkOptions = {}): Promise<Place> {
  return (await straight(path, options)) ?? (await stepByStep(path, options));
}

/**
 * The same in one step, where the way is there and has no links. What is opened is then where the path says, whatever
 * was in the way before: nobody has led us elsewhere.
 */
async function straight(path: string, { last }: WalkOptions): Promise<Place | undefined> {
  const whole = resolve(path);
  const [directory, name] = [dirname(whole), basename(whole)];
  if (name === '') return undefined;
  await using handles = new AsyncDisposableStack();
  const parent = handles.use(await open(directory, asPlace | constants.O_DIRECTORY).catch(() => undefined));
  if (!parent || (await readlink(`/proc/self/fd/${parent.fd}`)) !== directory) return undefined;
  if (last) {
    await using entry = await openAt(parent, name).catch(() => undefined);
    if (!entry || (await entry.stat()).isSymbolicLink()) return undefined;
  }
  const held = handles.move();
  return { path: whole, name, parent, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

async function stepByStep(path: string, options: WalkOptions): Promise<Place> {
  await using handles = new AsyncDisposableStack();
  const hold = async (opening: Promise<FileHandle>) => handles.use(await opening);
  const root = await visit(await hold(open('/', asPlace)));
  const todo = parts(resolve(path));
  let stack = [root];
  for (let links = 0; ; ) {
    const here = stack.at(-1) ?? root;
    const name = todo.shift() ?? fail('invalid', `${path} can't be used: it is the root directory`);
    if (name === '..') {
      stack = stack.length > 1 ? stack.slice(0, -1) : stack;
      continue;
    }
    const isLast = todo.length === 0;
    if (isLast && !options.last) return place(here, name, handles.move());
    const next = await step(here, name, path, isLast ? undefined : options.make);
    const found = next && (await visit(handles.use(next)));
    if (found?.stats.isSymbolicLink()) {
      if (++links > mostLinks) fail('invalid', `${path} can't be used: there are too many symbolic links on the way`);
      const target = await follow(here, name, found, path);
      if (target.startsWith('/')) stack = [root];
      todo.unshift(...parts(target));
    } else if (isLast) return place(here, name, handles.move());
    else if (!found?.stats.isDirectory()) {
      fail('invalid', `${path} can't be used: ${await whereIs(here.handle, name)} is not a directory; create it first`);
    } else stack = [...stack, found];
    if (stack.length + todo.length > deepest) fail('invalid', `${path} can't be used: it is too deep`);
  }
}

/** Opens what is at a place, as it is: neither a link nor a device is gone through. undefined if nothing is there. */
export async function openEntry(at: Place): Promise<FileHandle | undefined> {
  return openAt(at.parent, at.name);
}

/** `device:inode` of each directory that a place is in, from its parent to the root. */
export async function wayTo({ parent, path }: Place): Promise<readonly string[]> {
  await using handles = new AsyncDisposableStack();
  const way: string[] = [];
  for (let here = parent; way.length < deepest; ) {
    const identity = identityOf(await here.stat({ bigint: true }));
    way.push(identity);
    const above = handles.use(await open(`/proc/self/fd/${here.fd}/..`, asPlace));
    // Only the root is its own parent: where a directory is mounted in itself, the mounts differ.
    const isSame = identityOf(await above.stat({ bigint: true })) === identity;
    if (isSame && (await mountIdOf(above)) === (await mountIdOf(here))) return way;
    here = above;
  }
  return fail('invalid', `${path} can't be used: it is too deep`);
}

/** The number that the kernel has for the mount that a handle is in: the first field of its line in mountinfo. */
export async function mountIdOf({ fd }: FileHandle): Promise<number> {
  const text = await readFile(`/proc/self/fdinfo/${fd}`, 'utf8');
  return Number(/^mnt_id:\s*(\d+)$/m.exec(text)?.[1] ?? Number.NaN);
}

/** The place's name by way of its open directory: a path for this process that nobody can turn. */
export function entryOf({ parent, name }: Place): string {
  return `/proc/self/fd/${parent.fd}/${name}`;
}

/** The same for programs that this process starts. */
export function entryForOthers({ parent, name }: Place): string {
  return `${pathForOthers(parent)}/${name}`;
}

/** What a handle is of, as a path for programs that this process starts. */
export function pathForOthers({ fd }: FileHandle): string {
  return `/proc/${process.pid}/fd/${fd}`;
}

/** `device:inode`. */
export function identityOf({ dev, ino }: Pick<BigIntStats, 'dev' | 'ino'>): string {
  return `${dev}:${ino}`;
}

interface Visited {
  readonly handle: FileHandle;
  readonly stats: BigIntStats;
}

async function visit(handle: FileHandle): Promise<Visited> {
  return { handle, stats: await handle.stat({ bigint: true }) };
}

async function place(here: Visited, name: string, handles: AsyncDisposableStack): Promise<Place> {
  return {
    path: await whereIs(here.handle, name),
    name,
    parent: here.handle,
    [Symbol.asyncDispose]: () => handles.disposeAsync(),
  };
}

async function openAt(directory: FileHandle, name: string): Promise<FileHandle | undefined> {
  return open(`/proc/self/fd/${directory.fd}/${name}`, asPlace).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}

async function step({ handle }: Visited, name: string, path: string, make: number | undefined) {
  const found = await openAt(handle, name).catch(async (error: NodeJS.ErrnoException) => {
    const code = error.code === 'EACCES' ? 'permission' : 'internal';
    return fail(code, `${path} can't be used: ${error.code} at ${await whereIs(handle, name)}`, error);
  });
  if (found || make === undefined) return found;
  await mkdir(`/proc/self/fd/${handle.fd}/${name}`, { mode: make }).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code === 'EEXIST') return;
    fail(
      'invalid',
      `${path} can't be made: ${error.code} at ${await whereIs(handle, name)}; choose another path`,
      error,
    );
  });
  return openAt(handle, name);
}

async function follow({ handle, stats }: Visited, name: string, link: Visited, path: string): Promise<string> {
  if (isTrustedLink(stats, link.stats)) return readlink(`/proc/self/fd/${handle.fd}/${name}`);
  const where = await whereIs(handle, name);
  const why = 'is a symbolic link that others than root could turn elsewhere';
  return fail('invalid', `${path} can't be used: ${where} ${why}; name the path that it leads to`);
}

async function whereIs(directory: FileHandle, name: string): Promise<string> {
  return join(await readlink(`/proc/self/fd/${directory.fd}`), name);
}

function parts(path: string): string[] {
  return path.split('/').filter((it) => it !== '' && it !== '.');
}
