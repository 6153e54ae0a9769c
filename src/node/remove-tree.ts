import { chmod, constants, type FileHandle, open, opendir, readFile, rename, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fail } from '../lib/errors.ts';

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants;
/** open(2): a handle that names a thing and takes no right to look into it. */
const O_PATH = 0o10000000;

const atOnce = 32;
/** Deeper directories are brought up to the top first: each level takes two file descriptors. */
const deepest = 16;

/** What could not be removed, and why; so many others are like it. */
interface Obstacles {
  first: string | undefined;
  count: number;
}

/**
 * Removes a directory and all that is in it, the file `last` only when everything else is gone. Works from directory to
 * directory by handles, so nobody who moves things about in there meanwhile can lead it elsewhere: symbolic links are
 * removed and not followed, and other mounts are left alone. What can't be removed does not keep the rest; at the end
 * it throws `in-use` with the first such path and the reason. Absence is no error.
 */
export async function removeTree(directory: string, last?: string): Promise<void> {
  const found: Obstacles = { first: undefined, count: 0 };
  const handle = await openDirectory(directory).catch(ignoreMissing);
  if (!handle) return;
  try {
    const tree = new Tree(handle, await mountOf(handle), found);
    // A pass may bring deep directories up here: then there is another one.
    do await tree.empty(handle, directory, 0, last);
    while (tree.takeMoved() && found.first === undefined);
    if (found.first !== undefined) {
      const more = found.count > 1 ? `, nor ${found.count - 1} more` : '';
      fail('in-use', `${found.first}${more}`);
    }
    if (last !== undefined) await unlink(join(pathOf(handle), last)).catch(ignoreMissing);
  } finally {
    await handle.close();
  }
  await rmdir(directory).catch(ignoreMissing);
}

class Tree {
  readonly #top: FileHandle;
  readonly #mount: string;
  readonly #found: Obstacles;
  #moved = 0;
  #isMoved = false;

  constructor(top: FileHandle, mount: string, found: Obstacles) {
    this.#top = top;
    this.#mount = mount;
    this.#found = found;
  }

  /** Whether directories were brought up to the top since this was asked last. */
  takeMoved(): boolean {
    const moved = this.#isMoved;
    this.#isMoved = false;
    return moved;
  }

  /** Removes all in an open directory that can be removed. `path` is for people. */
  async empty(handle: FileHandle, path: string, depth: number, spared?: string): Promise<void> {
    const inside = pathOf(handle);
    const files: string[] = [];
    const removeFiles = async () => {
      await Promise.all(files.splice(0).map((name) => this.#try(join(path, name), () => unlink(join(inside, name)))));
    };
    for await (const entry of await opendir(inside)) {
      if (entry.name === spared) continue;
      if (entry.isDirectory()) await this.#removeDirectory(handle, entry.name, join(path, entry.name), depth);
      else if (files.push(entry.name) >= atOnce) await removeFiles();
    }
    await removeFiles();
  }

  async #removeDirectory(parent: FileHandle, name: string, path: string, depth: number): Promise<void> {
    const place = join(pathOf(parent), name);
    if (depth >= deepest) {
      this.#isMoved = true;
      const up = join(pathOf(this.#top), `.deep-${process.pid}-${this.#moved++}`);
      return this.#try(path, () => rename(place, up));
    }
    await this.#try(path, async () => {
      const handle = await openDirectory(place);
      try {
        if ((await mountOf(handle)) !== this.#mount) fail('in-use', 'something is mounted there');
        await this.empty(handle, path, depth + 1);
      } finally {
        await handle.close();
      }
      const before = this.#found.count;
      await rmdir(place).catch((error: NodeJS.ErrnoException) => {
        // It is not empty because of what was told of already, or something came in meanwhile.
        if (before === 0 || error.code !== 'ENOTEMPTY') throw error;
      });
    });
  }

  async #try(path: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return;
      this.#found.count += 1;
      const obstacle = `${path} can't be removed: ${reasonOf(code, message)}`;
      // The same one each time, so that the same state gives the same message.
      if (this.#found.first === undefined || obstacle < this.#found.first) this.#found.first = obstacle;
    }
  }
}

function reasonOf(code: string | undefined, message: string): string {
  switch (code) {
    case 'EPERM':
      return 'it is not permitted; lsattr shows whether it or its directory is immutable, and chattr -i -a ends that';
    case 'EBUSY':
      return 'it is busy; is something mounted there, or used as swap?';
    case 'ENOTDIR':
    case 'ELOOP':
    case 'ENOTEMPTY':
      return 'somebody still changes things in there';
    default:
      return message;
  }
}

function pathOf(handle: FileHandle): string {
  return `/proc/self/fd/${handle.fd}`;
}

/** Opens a directory that is no symbolic link. One of our own that forbids to be looked into is opened for that first. */
async function openDirectory(path: string): Promise<FileHandle> {
  const flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
  const rights = 0o700;
  const handle = await open(path, flags).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EACCES') throw error;
    await using named = await open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW);
    await chmod(pathOf(named), rights);
    return open(path, flags);
  });
  try {
    // Root needs no such right. Others may lack it in a directory that they made themselves.
    if (process.getuid?.() !== 0 && ((await handle.stat()).mode & rights) !== rights) await handle.chmod(rights);
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** The mount that an open directory is on: a bind mount of the same file system is another one. */
async function mountOf(handle: FileHandle): Promise<string> {
  const text = await readFile(`/proc/self/fdinfo/${handle.fd}`, 'utf8');
  return /^mnt_id:\s*(\d+)$/m.exec(text)?.[1] ?? fail('internal', 'the kernel does not tell the mount of a directory');
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
  return undefined;
}
