import {
  closeSync,
  existsSync,
  fdatasync,
  fdatasyncSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';

/** What was last acknowledged: of which store, which version, and the digest of all that was in it then. */
export interface Testimony {
  readonly store: string;
  readonly version: number;
  readonly digest: number;
}

/** Longest time in milliseconds between an acknowledgement and the moment when a power cut can't take it from here. */
const syncAfter = 100;
const length = 128;
const form = /^moorage-store 1 ([0-9a-f-]{36}) (\d{1,16}) (\d{1,15}) *([0-9a-f]{8})\n$/;

/** Where the witness of a store is: beside it, and named so that who moves the store along with its log moves it too. */
export function witnessPath(store: string): string {
  return `${store}-witness`;
}

/**
 * A small file beside the store that says what the store must hold. It is written in its place before a write is
 * acknowledged, which costs some microseconds, and synced soon after, beside the work: a kill takes nothing from it,
 * and after a power cut it is behind by a moment, never ahead.
 */
export class Witness implements Disposable {
  readonly #file: number;
  readonly #buffer = Buffer.alloc(length);
  #timer: NodeJS.Timeout | undefined;
  #isSyncing = false;

  /** Opens the one that is there. */
  constructor(store: string) {
    this.#file = openSync(witnessPath(store), 'r+');
  }

  /** Throws what the file system says if it can't be written; what was there before stays true. */
  write(testimony: Testimony): void {
    this.#buffer.write(print(testimony), 'latin1');
    writeSync(this.#file, this.#buffer, 0, length, 0);
    this.#timer ??= setTimeout(() => this.#sync(), syncAfter).unref();
  }

  #sync(): void {
    this.#timer = undefined;
    if (this.#isSyncing) return;
    this.#isSyncing = true;
    fdatasync(this.#file, () => {
      this.#isSyncing = false;
    });
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    try {
      fdatasyncSync(this.#file);
    } catch {
      // It is behind then, as after a power cut.
    }
    closeSync(this.#file);
  }
}

/** Reads the witness of a store. `damaged` is one that is there and can't be understood. */
export function readWitness(store: string): Testimony | 'damaged' | undefined {
  const path = witnessPath(store);
  if (!existsSync(path)) return undefined;
  const text = readFileSync(path, 'latin1');
  const [, id = '', version, digest, crc = ''] = form.exec(text) ?? [];
  const testimony = { store: id, version: Number(version), digest: Number(digest) };
  const isWhole = text.length === length && Number.parseInt(crc, 16) === crc32(text.slice(0, -9));
  return isWhole ? testimony : 'damaged';
}

/** Makes the witness, durably; with `replace` instead of the one that is there. Returns the one that is there then. */
export function makeWitness(store: string, testimony: Testimony, replace = false): Testimony | 'damaged' | undefined {
  const path = witnessPath(store);
  const draft = `${path}.${process.pid}.new`;
  rmSync(draft, { force: true });
  const file = openSync(draft, 'wx', 0o600);
  try {
    writeSync(file, print(testimony));
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  try {
    if (replace) renameSync(draft, path);
    // A link, unlike a rename, does not replace what another process made in the meantime.
    else linkSync(draft, path);
  } catch (error) {
    if (!existsSync(path)) throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  const directory = openSync(dirname(path), 'r');
  fsyncSync(directory);
  closeSync(directory);
  return readWitness(store);
}

function print({ store, version, digest }: Testimony): string {
  const text = `moorage-store 1 ${store} ${version} ${digest}`.padEnd(length - 9);
  return `${text}${crc32(text).toString(16).padStart(8, '0')}\n`;
}
