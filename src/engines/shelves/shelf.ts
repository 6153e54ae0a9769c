import { lstat, mkdir, open, readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory } from '../../lib/directories.ts';
import { fail, messageOf } from '../../lib/errors.ts';
import { replaceFile } from '../../node/records.ts';
import { removeTree } from '../../node/remove-tree.ts';
import { GroupSync } from '../../node/sync.ts';
import { type Metadata, parseMetadata, printMetadata } from './marks/metadata.ts';

/** A name on a shelf, and what is known of it. */
export interface ShelfItem {
  readonly name: string;
  readonly directory: string;
  /** Undefined if it does not carry our mark. */
  readonly metadata: Metadata | undefined;
  readonly complete: boolean;
}

// Names of objects are DNS names, so none begins with a dot.
const making = '.making-';
const deleting = '.deleting-';
// A file's name has 255 bytes, and an object's 253: the longest leave room for two.
const makingLong = '.+';
const deletingLong = '.-';
const prefixes = [making, deleting, makingLong, deletingLong];
const longest = 255;

function withPrefix(prefix: string, long: string, name: string): string {
  return prefix.length + name.length <= longest ? prefix + name : long + name;
}

/**
 * A directory of things, each a directory of its own with a meta.json: what is made appears whole or not at all, what
 * is deleted disappears whole, and both are durable when the call returns. Costs do not grow with the number of
 * things. The caller holds a lock for the name.
 */
export class Shelf {
  readonly directory: string;
  readonly #sync: GroupSync;
  readonly #clearContent: ((directory: string) => Promise<void>) | undefined;

  /** `flush` makes all that was done on the shelf durable; `clear` takes content away that can't go file by file. */
  constructor(
    directory: string,
    flush: (directory: string) => Promise<void>,
    clear?: (directory: string) => Promise<void>,
  ) {
    this.directory = directory;
    this.#clearContent = clear;
    this.#sync = new GroupSync(() => flush(directory));
  }

  /** Where the thing of that name is, or would be. */
  path(name: string): string {
    if (!/^[a-z0-9][a-z0-9.-]*$/.test(name)) fail('invalid', `"${name}" can't name a volume or snapshot`);
    return join(this.directory, name);
  }

  /** The thing of that name, or undefined if there is none. */
  async get(name: string): Promise<ShelfItem | undefined> {
    const directory = this.path(name);
    const metadata = await readMetadata(directory);
    if (metadata) return { name, directory, metadata, complete: true };
    const there = await lstat(directory).catch(() => undefined);
    return there ? { name, directory, metadata: undefined, complete: true } : undefined;
  }

  /** Makes a thing: `fill` puts its content into the directory it is given. */
  async make(name: string, metadata: Metadata, fill: (directory: string) => Promise<void>): Promise<ShelfItem> {
    const target = this.path(name);
    const directory = join(this.directory, withPrefix(making, makingLong, name));
    await mkdir(directory, { mode: 0o700 }).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
      await this.#clear(directory);
      await mkdir(directory, { mode: 0o700 });
    });
    try {
      await writeMetadata(directory, metadata);
      await fill(directory);
      await rename(directory, target);
    } catch (error) {
      // What is left of it now goes with the next try, or the next start.
      await this.#clear(directory).catch(() => {});
      throw error;
    }
    await this.#sync.sync();
    return { name, directory: target, metadata, complete: true };
  }

  /** Replaces what is known of a thing; durable when it returns. */
  async update(name: string, metadata: Metadata): Promise<void> {
    await replaceFile(metadataPath(this.path(name)), printMetadata(metadata));
  }

  /** What is left of a thing whose removal was begun, or undefined. */
  async remains(name: string): Promise<ShelfItem | undefined> {
    this.path(name);
    const directory = join(this.directory, withPrefix(deleting, deletingLong, name));
    const metadata = await readMetadata(directory);
    return metadata && { name, directory, metadata, complete: false };
  }

  /**
   * Ensures that there is no thing of that name. What it was made of is gone when this returns; while some of it can't
   * be removed, its remains keep their mark, and it throws `in-use` with the path and the reason.
   */
  async remove(name: string): Promise<void> {
    const path = this.path(name);
    const trash = join(this.directory, withPrefix(deleting, deletingLong, name));
    await this.#clear(trash);
    const moved = await rename(path, trash).then(
      () => true,
      (error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? false : Promise.reject(error)),
    );
    if (moved) await this.#clear(trash);
    // Even if there was nothing: an earlier try may have been cut off before this line.
    await this.#sync.sync();
  }

  /** Everything on the shelf, half-made and half-deleted things too. Looks at each: not for daily work. */
  async list(): Promise<readonly ShelfItem[]> {
    const entries = await readdir(this.directory);
    const items: ShelfItem[] = [];
    for (const entry of entries) {
      const directory = join(this.directory, entry);
      const prefix = prefixes.find((it) => entry.startsWith(it));
      const metadata = await readMetadata(directory);
      // What went on meanwhile, whole or to another name, is not there.
      if (!metadata && !(await lstat(directory).catch(() => undefined))) continue;
      items.push({ name: entry.slice(prefix?.length ?? 0), directory, metadata, complete: prefix === undefined });
    }
    return items;
  }

  /**
   * Removes what a crash left half-made or half-deleted, if it carries our mark or is empty. Called before anything
   * else uses the shelf. Returns what was removed, and why the rest was not.
   */
  async sweep(): Promise<{ readonly removed: readonly string[]; readonly left: readonly string[] }> {
    await makeDirectory(this.directory, 0o700);
    const removed: string[] = [];
    const left: string[] = [];
    for (const entry of await readdir(this.directory)) {
      if (!prefixes.some((it) => entry.startsWith(it))) continue;
      const directory = join(this.directory, entry);
      try {
        if (!(await readMetadata(directory)) && !(await isEmpty(directory))) continue;
        await this.#clear(directory);
        removed.push(entry);
      } catch (error) {
        left.push(messageOf(error));
      }
    }
    return { removed, left };
  }

  /** The mark goes last: what is not all gone must still be known to be ours. */
  async #clear(directory: string): Promise<void> {
    await this.#clearContent?.(directory);
    await removeTree(directory, markName);
  }
}

const markName = 'meta.json';

function metadataPath(directory: string): string {
  return join(directory, markName);
}

async function readMetadata(directory: string): Promise<Metadata | undefined> {
  const text = await readFile(metadataPath(directory), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  });
  return text === undefined ? undefined : parseMetadata(text);
}

/** Written before any content, so that whatever has content has our mark. */
async function writeMetadata(directory: string, metadata: Metadata): Promise<void> {
  const file = await open(metadataPath(directory), 'wx', 0o600);
  try {
    await file.writeFile(printMetadata(metadata));
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Of a thing that was cut off before its mark was whole, or after it was gone: nothing else can be in there. */
async function isEmpty(directory: string): Promise<boolean> {
  return (await readdir(directory)).every((entry) => entry === markName);
}
