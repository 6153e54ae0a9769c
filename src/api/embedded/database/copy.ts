import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { makeDirectorySync } from '../../../lib/directories.ts';
import { fail, isCode } from '../../../lib/errors.ts';
import type { Log } from '../../../lib/log.ts';
import { examine } from './check.ts';
import { Database } from './database.ts';
import { damaged, refuseIfReadableByOthers } from './file.ts';
import { doubtOf, type Found, lossError } from './loss.ts';
import { readWitness } from './witness.ts';

/** Copies that may fail because the store was written meanwhile, before that counts as damage. */
const mostTries = 50;

/** What a backup holds. */
export interface Backup {
  readonly version: number;
  readonly objects: number;
}

/**
 * Copies a store to a new file, also while a process uses it, and without that one's help: its files are copied as they
 * are, and the copy is held against its own digest and the witness. One that was written under the copy's hands fails
 * that, and is made anew. What is there under that name is whole, durable, and mode 0600. Throws `already-exists`,
 * `not-found`, or what is wrong with the store.
 */
export function backUp(file: string, to: string): Backup {
  if (existsSync(to)) fail('already-exists', `${to} is there already, and is kept: name another file`);
  const part = `${basename(to)}.${process.pid}.part`;
  for (const name of readdirSync(dirname(to))) {
    if (isLeftOf(name, basename(to))) rmSync(join(dirname(to), name), { recursive: true, force: true });
  }
  return withCopy(file, join(dirname(to), part), (copy, found, objects) => {
    sync(copy);
    try {
      linkSync(copy, to);
    } catch (error) {
      if (!existsSync(to)) throw error;
      fail('already-exists', `${to} is there already, and is kept: name another file`, error);
    }
    sync(dirname(to));
    return { version: found.version, objects };
  });
}

/** Reads a store from end to end, also while a process uses it. Throws what is wrong with it, and what to do. */
export function checkStore(file: string): Backup {
  const place = join(dirname(file), `${basename(file)}-check.${process.pid}.copy`);
  return withCopy(file, place, (_copy, { version }, objects) => ({ version, objects }));
}

/**
 * Makes the store of a machine from a backup. Throws `already-exists` where there is a store, and `corrupted` where the
 * machine has seen a newer one, unless the backup's version is the one that is accepted. What was written after the
 * backup counts as lost from then on, so that nobody takes volumes of it for rubbish.
 */
export function restore(from: string, file: string, log: Log, accepted?: number): Backup {
  if (!existsSync(from)) fail('not-found', `there is no ${from}`);
  for (const path of [file, `${file}-wal`]) {
    if (!existsSync(path)) continue;
    const name = `${basename(file)}*`;
    fail('already-exists', `${path} is there already: move ${join(dirname(file), name)} away, or name another --data`);
  }
  makeDirectorySync(dirname(file), 0o700);
  refuseIfReadableByOthers(dirname(file), 0o066, '700');
  const place = `${file}-check.${process.pid}.restore`;
  return withCopy(from, place, (copy, found, objects) => {
    const witness = readWitness(file);
    const doubt = witness === undefined ? undefined : doubtOf(found, witness);
    if (doubt && accepted !== found.version) {
      const { message } = lossError(from, doubt);
      const [what] = message.split('; nothing was changed');
      const how = `moorage restore-store ${from} --accept-store-version ${found.version}`;
      fail(
        'corrupted',
        `${what}; nothing was changed. This machine has seen a newer store: restore a newer backup, or go on without what came after this one: "${how}"`,
      );
    }
    sync(copy);
    linkSync(copy, file);
    sync(dirname(file));
    // The machine forgets what it has seen only now that the store is in its place.
    const opened = Database.open(file, { log, acceptVersion: found.version });
    const version = opened.version();
    opened[Symbol.dispose]();
    return { version, objects };
  });
}

/** Makes a verified copy, in one file, in a directory of its own, and removes it after `use`. */
function withCopy<R>(file: string, place: string, use: (copy: string, found: Found, objects: number) => R): R {
  if (!existsSync(file)) fail('not-found', `there is no store ${file}; name its directory with --data`);
  try {
    for (let tries = 1; ; tries += 1) {
      try {
        const copy = copyOf(file, place);
        const { found, rows } = copy;
        return use(copy.path, found, rows.size);
      } catch (error) {
        if (!isCode(error, 'corrupted') || tries >= mostTries || !isInUse(file)) throw error;
      }
    }
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

function copyOf(file: string, place: string) {
  rmSync(place, { recursive: true, force: true });
  mkdirSync(place, { mode: 0o700 });
  const path = join(place, basename(file));
  const before = readWitness(file);
  copyFileSync(file, path, constants.COPYFILE_FICLONE);
  // After the store: what is moved from the log into the store meanwhile is then in both, or fails the check.
  if (existsSync(`${file}-wal`)) copyFileSync(`${file}-wal`, `${path}-wal`, constants.COPYFILE_FICLONE);
  for (const name of readdirSync(place)) chmodSync(join(place, name), 0o600);
  const { found } = examine(path);
  const own = found.store === undefined || found.digest === found.actual;
  if (!own) throw damaged(file, 'some of its objects are missing, or are not as they were written last');
  // A copy that is newer than the witness was made under way; one that is older lacks something.
  const doubt = before && doubtOf(found, before);
  if (doubt) throw lossError(file, doubt);
  const db = new DatabaseSync(path);
  try {
    db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = DELETE');
  } finally {
    db.close();
  }
  return { path, ...examine(path) };
}

/** Whether a process has the store open. */
function isInUse(file: string): boolean {
  try {
    examine(file);
    return false;
  } catch (error) {
    return isCode(error, 'busy');
  }
}

/** What a backup to that name has left that was killed. */
function isLeftOf(name: string, of: string): boolean {
  const [, pid] = /^\.(\d+)\.part$/.exec(name.slice(of.length)) ?? [];
  return name.startsWith(of) && pid !== undefined && !existsSync(`/proc/${pid}`);
}

function sync(path: string): void {
  const handle = openSync(path, 'r');
  fsyncSync(handle);
  closeSync(handle);
}
