import { existsSync, linkSync, readFileSync, rmSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fail, MoorageError } from '../../../lib/errors.ts';
import { isSqlite, sqliteFailure } from './errors.ts';

/** 'Moor': marks the file as ours, see `PRAGMA application_id`. */
const applicationId = 0x4d6f6f72;
/** 1 had neither id nor digest, and no witness; 2 did not remember what was deleted. */
export const schemaVersion = 3;

const second = `
  ALTER TABLE store ADD COLUMN id TEXT NOT NULL DEFAULT '';
  ALTER TABLE store ADD COLUMN digest INTEGER NOT NULL DEFAULT 0;
  CREATE TABLE losses (at TEXT NOT NULL, version INTEGER NOT NULL, acknowledged INTEGER) STRICT;
  PRAGMA user_version = 2;
`;
const third = `
  ALTER TABLE store ADD COLUMN remembered INTEGER NOT NULL DEFAULT 0;
  UPDATE store SET remembered = rv;
  CREATE TABLE deletions (rv INTEGER PRIMARY KEY, id INTEGER NOT NULL, resource TEXT NOT NULL, json TEXT NOT NULL) STRICT;
  PRAGMA user_version = 3;
`;

/** What makes a store of an older format one of this release's, within a transaction. */
export function upgradeFrom(format: number): string {
  return [second, third].slice(format - 1).join('');
}

const schema = (id: string) => `
  PRAGMA journal_mode = DELETE;
  BEGIN;
  CREATE TABLE store (rv INTEGER NOT NULL) STRICT;
  INSERT INTO store VALUES (0);
  CREATE TABLE objects (
    id INTEGER PRIMARY KEY,
    resource TEXT NOT NULL,
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    rv INTEGER NOT NULL,
    json TEXT NOT NULL,
    crc INTEGER NOT NULL
  ) STRICT;
  PRAGMA application_id = ${applicationId};
  ${upgradeFrom(1)}
  UPDATE store SET id = '${id}';
  COMMIT;
`;

/**
 * Makes the file whole under another name first: an empty or half-made store is then always a damaged one. `id` tells
 * this store from all others.
 */
export function makeDatabase(file: string, id: string): void {
  const draft = `${file}.${process.pid}.new`;
  const before = process.umask(0o077);
  try {
    rmSync(draft, { force: true });
    const db = new DatabaseSync(draft);
    db.exec(schema(id));
    db.close();
    // A link, unlike a rename, does not replace what another process made in the meantime.
    linkSync(draft, file);
  } catch (error) {
    if (!existsSync(file)) throw sqliteFailure(`making ${file}`, error);
  } finally {
    rmSync(draft, { force: true });
    process.umask(before);
  }
}

/** Throws `permission`, with the command to run, if others than the owner have one of the `forbidden` rights. */
export function refuseIfReadableByOthers(path: string, forbidden: number, wanted: string): void {
  const mode = statSync(path).mode & 0o777;
  if ((mode & forbidden) === 0) return;
  fail(
    'permission',
    `${path} holds secrets, but others can read it (mode ${mode.toString(8)}): run "chmod ${wanted} ${path}"`,
  );
}

/** The format of the file. Throws `unsupported` if it is another program's, or a newer Moorage's. */
export function formatOf(file: string, db: DatabaseSync): number {
  const pragma = (name: string) => Number(db.prepare(`PRAGMA ${name}`).get()?.[name] ?? 0);
  if (pragma('application_id') !== applicationId) {
    fail('unsupported', `${file} is the database of another program: give Moorage a data directory of its own`);
  }
  const version = pragma('user_version');
  if (version < 1) throw damaged(file, `it is of format ${version}, which never was`);
  if (version > schemaVersion) {
    fail(
      'unsupported',
      `${file} was written by a newer Moorage (format ${version}; this one knows ${schemaVersion}): install that version again, or start with another data directory`,
    );
  }
  return version;
}

/** Why a file could not be opened or read. */
export function openFailure(file: string, error: unknown): MoorageError {
  if (error instanceof MoorageError) return error;
  return isSqlite(error, 'CORRUPT', 'NOTADB', 'SCHEMA', 'ERROR')
    ? damaged(file, error.message, error)
    : sqliteFailure(`opening ${file}`, error);
}

/** A `corrupted` error that says what to do about a damaged store. */
export function damaged(file: string, what: string, cause?: unknown): MoorageError {
  return new MoorageError(
    'corrupted',
    `the store ${file} is damaged (${what}); nothing was changed. Put back a copy of it, or save what is left with "sqlite3 ${file} .recover", or move it away with all that belongs to it (${basename(file)}-*) to start empty: the volumes' data is not in it`,
    { cause },
  );
}

/** A `busy` error that names the process which has the file. */
export function inUse(file: string): MoorageError {
  const pid = lockHolder(file);
  const who = pid === undefined ? 'another moorage up' : `another moorage up (pid ${pid})`;
  return new MoorageError('busy', `${who} uses ${dirname(file)}: stop it first, or choose another data directory`);
}

/** The process that holds a lock on the file, from /proc/locks (proc(5)); undefined if it can't be told. */
function lockHolder(file: string): number | undefined {
  try {
    const { ino } = statSync(file);
    for (const line of readFileSync('/proc/locks', 'utf8').split('\n')) {
      const [, , , , pid, inode] = line.split(/\s+/);
      if (inode?.endsWith(`:${ino}`) && Number(pid) > 0) return Number(pid);
    }
  } catch {
    // The name of the culprit is a courtesy.
  }
  return undefined;
}
