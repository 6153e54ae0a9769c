import { createHash } from 'node:crypto';
import { open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeDirectory } from '../lib/directories.ts';
import { fail } from '../lib/errors.ts';
import { syncPath } from './sync.ts';

const extension = '.json';
const torn = '.new';

/**
 * Replaces a file, whole or not at all, and durably: when this returns, a power cut can't take it back. Mode 0600.
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}${torn}`;
  const file = await open(temporary, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  await syncPath(dirname(path));
}

/** A file's name takes 255 bytes, and an object's 253 characters: with more behind them, long ones are cut. */
const longestName = 200;

/**
 * A directory of JSON records, one file each, that survives kill -9 and power cuts. What a crash left half-written is
 * never read. Names are those of volumes: no slashes.
 */
export class Records<T> {
  readonly directory: string;
  readonly #parse: (value: unknown) => T;

  /** `parse` checks what was read, and throws on what it does not understand. The directory is made when needed. */
  constructor(directory: string, parse: (value: unknown) => T) {
    this.directory = directory;
    this.#parse = parse;
  }

  /** The record, or undefined if there is none or can be none of that name. Throws `corrupted` if it is damaged. */
  async load(name: string): Promise<T | undefined> {
    if (!canNameRecord(name)) return undefined;
    const path = this.#path(name);
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (text === undefined) return undefined;
    try {
      return this.#parse(JSON.parse(text));
    } catch (cause) {
      return fail('corrupted', `reading the record ${path}: it is damaged; look at it, and move it away`, cause);
    }
  }

  /** Durable when it returns. */
  async save(name: string, record: T): Promise<void> {
    await makeDirectory(this.directory, 0o700);
    await replaceFile(this.#path(name), `${JSON.stringify(record)}\n`);
  }

  /** Ensures that there is no such record; durable when it returns. */
  async remove(name: string): Promise<void> {
    const removed = await rm(this.#path(name)).then(
      () => true,
      (error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? false : Promise.reject(error)),
    );
    if (removed) await syncPath(this.directory);
  }

  /** Removes what a crash left half-written. Only for whoever is the only one to write here, before they do. */
  async sweep(): Promise<void> {
    const files = await this.#files();
    for (const file of files) if (file.endsWith(torn)) await rm(join(this.directory, file), { force: true });
  }

  /** By what each record can be loaded: its name, or for a long one what its file has instead. */
  async names(): Promise<readonly string[]> {
    const files = await this.#files();
    return files.filter((file) => file.endsWith(extension)).map((file) => file.slice(0, -extension.length));
  }

  async #files(): Promise<readonly string[]> {
    return readdir(this.directory).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
  }

  #path(name: string): string {
    if (!canNameRecord(name)) fail('invalid', `"${name}" can't name a record`);
    return join(this.directory, `${shortened(name)}${extension}`);
  }
}

function canNameRecord(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !/[/\0]/.test(name);
}

/** No object's name has the tilde, so none is taken for the short form of another. */
function shortened(name: string): string {
  if (Buffer.byteLength(name) <= longestName) return name;
  return `${name.slice(0, 100)}~${createHash('sha256').update(name).digest('hex').slice(0, 32)}`;
}
