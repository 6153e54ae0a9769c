import { existsSync, linkSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import { isSqlite } from './errors.ts';
import { damaged, formatOf, inUse, openFailure } from './file.ts';
import type { Found } from './loss.ts';
import { changedDigest, rowDigest } from './row-digest.ts';

const checking = '-check.';

/** What a look at a whole store has found, and what each of its rows adds to the digest, by the row's id. */
export interface Examined {
  readonly found: Found;
  readonly rows: Map<number, number>;
}

/**
 * Reads a store from end to end, by second names of its files, and changes nothing, its log included: what is refused
 * can still be mended. Throws
 * `busy` if another process has it, `corrupted` if it is damaged, `unsupported` if it is not ours to read.
 */
export function examine(file: string): Examined {
  const place = `${file}${checking}${process.pid}`;
  const second = join(place, basename(file));
  let db: DatabaseSync | undefined;
  try {
    rmSync(place, { recursive: true, force: true });
    mkdirSync(place, { mode: 0o700 });
    linkSync(file, second);
    if (existsSync(`${file}-wal`)) linkSync(`${file}-wal`, `${second}-wal`);
    // The wait is for a predecessor that was killed this moment.
    db = new DatabaseSync(second, { timeout: 500 });
    // In this mode the log's index is in memory; in a file, a full disk would have no room for it.
    db.exec('PRAGMA locking_mode = EXCLUSIVE');
    const format = formatOf(file, db);
    const problem = db.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
    if (problem !== 'ok') throw damaged(file, String(problem));
    const columns = format === 1 ? 'rv' : 'rv, id, digest';
    const [own, ...more] = db.prepare(`SELECT ${columns} FROM store`).all();
    if (!own || more.length > 0) throw damaged(file, 'it does not say which version it has');
    const rows = new Map<number, number>();
    let actual = 0;
    for (const { id, rv, resource, json, crc } of db
      .prepare('SELECT id, rv, resource, json, crc FROM objects')
      .iterate()) {
      const sum = checkedSum(file, String(resource), json, crc);
      const digest = rowDigest(Number(id), Number(rv), String(resource), sum);
      rows.set(Number(id), digest);
      actual = changedDigest(actual, undefined, digest);
    }
    const store = format === 1 ? undefined : String(own['id']);
    return { found: { store, version: Number(own['rv']), digest: Number(own['digest'] ?? actual), actual }, rows };
  } catch (error) {
    if (isSqlite(error, 'BUSY')) throw inUse(file);
    throw openFailure(file, error);
  } finally {
    // SQLite would put what it could read of the log into the file, and throw the rest away, were these names still there.
    rmSync(place, { recursive: true, force: true });
    db?.close();
  }
}

/** Removes the second names that a killed process has left. For who holds the lock. */
export function removeSecondNames(file: string): void {
  for (const name of readdirSync(dirname(file))) {
    if (name.startsWith(basename(file) + checking)) rmSync(join(dirname(file), name), { recursive: true, force: true });
  }
}

/** The checksum of a row's text. Throws `corrupted` if it is not the one that was written with it. */
export function checkedSum(file: string, resource: string, json: unknown, crc: unknown): number {
  // A page of zeros reads as a row of nulls, whatever the schema says.
  if (typeof json !== 'string' || crc32(json) !== crc) {
    const name = typeof json === 'string' ? /"name":"([^"]*)"/.exec(json)?.[1] : undefined;
    throw damaged(file, `${resource} ${name ?? ''} fails its checksum`);
  }
  return crc;
}
