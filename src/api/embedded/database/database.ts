import { randomUUID } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import { timestamp } from '../../../lib/clock.ts';
import { makeDirectorySync } from '../../../lib/directories.ts';
import { fail, messageOf } from '../../../lib/errors.ts';
import type { Log } from '../../../lib/log.ts';
import { checkedSum, type Examined, examine, removeSecondNames } from './check.ts';
import { isSqlite, sqliteFailure } from './errors.ts';
import { damaged, formatOf, inUse, makeDatabase, openFailure, refuseIfReadableByOthers, upgradeFrom } from './file.ts';
import { type Doubt, doubtOf, lossError } from './loss.ts';
import { changedDigest, rowDigest } from './row-digest.ts';
import { makeWitness, readWitness, type Testimony, Witness, witnessPath } from './witness.ts';

/** One stored object. Its id is the resource version that made it; it stays while the object lives. */
export interface Row {
  readonly id: number;
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  readonly rv: number;
  readonly json: string;
}

/** A deleted object, with the version of its deletion. */
export interface Deletion {
  readonly rv: number;
  /** The version that had made it. */
  readonly id: number;
  readonly resource: string;
  readonly json: string;
}

/** So many deletions are remembered, over all kinds, and some more before they are cut. */
const mostDeletions = 2_000;
const slack = 500;

export interface DatabaseOptions {
  readonly log: Log;
  /** The version of a store that may be taken as it is, though something may be missing in it. */
  readonly acceptVersion?: number | undefined;
}

/** Milliseconds without a write after which the log goes into the file: what is in the log is in danger longest. */
const idle = 1_000;

/**
 * The file that makes the store durable: all live objects and the newest resource version, in SQLite (WAL, every
 * commit synced, an exclusive lock that dies with the process), and beside it the witness of what was acknowledged.
 * Only Store uses it.
 */
export class Database implements Disposable {
  readonly file: string;
  readonly #db: DatabaseSync;
  readonly #id: string;
  readonly #log: Log;
  readonly #witness: Witness;
  readonly #put: StatementSync;
  readonly #remove: StatementSync;
  readonly #setVersion: StatementSync;
  readonly #remember: StatementSync;
  /** What each row adds to the digest, by its id. */
  readonly #rows: Map<number, number>;
  #digest: number;
  #deletions: number;
  #committed = 0;
  #checkpoint: NodeJS.Timeout | undefined;
  #isTold = false;

  private constructor(file: string, db: DatabaseSync, log: Log, id: string, rows: Map<number, number>, digest: number) {
    this.file = file;
    this.#db = db;
    this.#id = id;
    this.#log = log;
    this.#rows = rows;
    this.#digest = digest;
    this.#put = db.prepare(
      `INSERT INTO objects (id, resource, namespace, name, rv, json, crc) VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET rv = excluded.rv, json = excluded.json, crc = excluded.crc`,
    );
    this.#remove = db.prepare('DELETE FROM objects WHERE id = ?');
    this.#remember = db.prepare('INSERT INTO deletions (rv, id, resource, json) VALUES (?, ?, ?, ?)');
    this.#deletions = Number(db.prepare('SELECT count(*) AS count FROM deletions').get()?.['count'] ?? 0);
    this.#setVersion = db.prepare('UPDATE store SET rv = ?, digest = ?');
    this.#emptyLog();
    this.#witness = new Witness(file);
  }

  /**
   * Opens the file, or makes it (mode 0600). Throws `busy` if another process has it, `permission` if others could
   * read it, `corrupted` if it is damaged or does not hold what was acknowledged, `unsupported` if a newer Moorage or
   * another program wrote it; nothing was changed then.
   */
  static open(file: string, { log, acceptVersion }: DatabaseOptions): Database {
    makeDirectorySync(dirname(file), 0o700);
    refuseIfReadableByOthers(dirname(file), 0o066, '700');
    if (!existsSync(file)) begin(file, acceptVersion);
    for (const path of [file, witnessPath(file)]) if (existsSync(path)) refuseIfReadableByOthers(path, 0o077, '600');
    if (statSync(file).size === 0) throw damaged(file, 'it is empty');
    const examined = examine(file);
    const testimony = readWitness(file);
    const doubt = doubtOf(examined.found, testimony);
    if (doubt && doubt.version !== acceptVersion) throw lossError(file, doubt);
    let db: DatabaseSync | undefined;
    try {
      db = new DatabaseSync(file, { timeout: 500 });
      db.exec('PRAGMA locking_mode = EXCLUSIVE');
      db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY');
      db.exec('PRAGMA journal_size_limit = 16777216; PRAGMA trusted_schema = OFF');
      // Takes the lock now, and shows at once whether the file can be written.
      db.exec('BEGIN EXCLUSIVE; UPDATE store SET rv = rv; COMMIT');
      removeSecondNames(file);
      const id = ready(file, db, examined, testimony, doubt);
      if (doubt)
        log.warn({ store: file, ...doubt }, 'the store was taken as it is, though objects may be missing in it');
      return new Database(file, db, log, id, examined.rows, examined.found.actual);
    } catch (error) {
      db?.close();
      if (isSqlite(error, 'BUSY')) throw inUse(file);
      throw openFailure(file, error);
    }
  }

  /** The newest resource version that was committed. */
  version(): number {
    return Number(this.#db.prepare('SELECT rv FROM store').get()?.['rv'] ?? 0);
  }

  /** What was deleted of a resource after a version and up to another one; undefined if that is no longer known. */
  deletions(resource: string, after: number, upTo: number): readonly Deletion[] | undefined {
    const remembered = Number(this.#db.prepare('SELECT remembered FROM store').get()?.['remembered']);
    if (!(after >= remembered)) return undefined;
    const select = 'SELECT rv, id, resource, json FROM deletions WHERE resource = ? AND rv > ? AND rv <= ? ORDER BY rv';
    return this.#db.prepare(select).all(resource, after, upTo) as unknown as Deletion[];
  }

  /** When the store was last taken as it was, though objects may have been missing in it. */
  lastLoss(): Date | undefined {
    const at = this.#db.prepare('SELECT max(at) AS at FROM losses').get()?.['at'];
    return typeof at === 'string' ? new Date(at) : undefined;
  }

  /** All stored objects, or those of one resource, in the order of their making. Throws `corrupted`. */
  *rows(resource?: string): Iterable<Row> {
    try {
      const select = 'SELECT id, resource, namespace, name, rv, json, crc FROM objects';
      const rows =
        resource === undefined
          ? this.#db.prepare(`${select} ORDER BY id`).iterate()
          : this.#db.prepare(`${select} WHERE resource = ? ORDER BY id`).iterate(resource);
      for (const row of rows as Iterable<unknown>) {
        const { crc, ...rest } = row as Row & { readonly crc: number };
        checkedSum(this.file, rest.resource, rest.json, crc);
        yield rest;
      }
    } catch (error) {
      throw openFailure(this.file, error);
    }
  }

  /**
   * Writes and removes objects and the newest version, all or nothing; durable when it returns. Throws `exhausted`
   * when there is no room, and then nothing has changed.
   */
  commit(puts: Iterable<Row>, removed: Iterable<Deletion>, version: number): void {
    const changed = new Map<number, number | undefined>();
    let digest = this.#digest;
    let deletions = this.#deletions;
    const change = (id: number, after: number | undefined) => {
      digest = changedDigest(digest, changed.has(id) ? changed.get(id) : this.#rows.get(id), after);
      changed.set(id, after);
    };
    try {
      this.#db.exec('BEGIN IMMEDIATE');
      for (const { id, resource, namespace, name, rv, json } of puts) {
        const crc = crc32(json);
        this.#put.run(id, resource, namespace, name, rv, json, crc);
        change(id, rowDigest(id, rv, resource, crc));
      }
      for (const { rv, id, resource, json } of removed) {
        this.#remove.run(id);
        change(id, undefined);
        this.#remember.run(rv, id, resource, json);
        deletions += 1;
      }
      if (deletions > mostDeletions + slack) {
        const cut = 'SELECT rv FROM deletions ORDER BY rv DESC LIMIT 1 OFFSET ?';
        this.#db.prepare(`UPDATE store SET remembered = (${cut})`).run(mostDeletions);
        this.#db.exec('DELETE FROM deletions WHERE rv <= (SELECT remembered FROM store)');
        deletions = mostDeletions;
      }
      this.#setVersion.run(version, digest);
      this.#db.exec('COMMIT');
    } catch (error) {
      this.#rollBack();
      throw sqliteFailure(`writing to ${this.file}`, error);
    }
    this.#digest = digest;
    this.#deletions = deletions;
    for (const [id, after] of changed) {
      if (after === undefined) this.#rows.delete(id);
      else this.#rows.set(id, after);
    }
    this.#testify(version);
    this.#committed = performance.now();
    this.#checkpoint ??= setTimeout(() => this.#checkpointIfIdle(), idle).unref();
  }

  /** What is durable is not taken back because its witness can't be written: that one is behind then, and true. */
  #testify(version: number): void {
    try {
      this.#witness.write({ store: this.#id, version, digest: this.#digest });
      this.#isTold = false;
    } catch (error) {
      if (!this.#isTold) this.#log.error({ reason: messageOf(error) }, 'the witness of the store could not be written');
      this.#isTold = true;
    }
  }

  #checkpointIfIdle(): void {
    const left = this.#committed + idle - performance.now();
    this.#checkpoint = left > 0 ? setTimeout(() => this.#checkpointIfIdle(), left).unref() : undefined;
    if (left <= 0) this.#emptyLog();
  }

  #emptyLog(): void {
    try {
      this.#db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    } catch (error) {
      this.#log.warn({ reason: messageOf(error) }, "the store's log could not be put into its file; it is kept");
    }
  }

  #rollBack(): void {
    try {
      // SQLite itself rolls back on some errors.
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
    } catch {
      // The first error is the one to tell.
    }
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#checkpoint);
    this.#db.close();
    this.#witness[Symbol.dispose]();
  }
}

/** Makes a new store, unless something says that there was one. */
function begin(file: string, acceptVersion: number | undefined): void {
  const witness = readWitness(file);
  const log = `${file}-wal`;
  const hasLog = existsSync(log) && statSync(log).size > 0;
  const acknowledged = typeof witness === 'object' ? witness.version : undefined;
  // One that was cut off before it had anything leaves a witness of nothing.
  const isNew = !hasLog && (witness === undefined || acknowledged === 0);
  if (!isNew && acceptVersion !== 0) throw lossError(file, { what: 'it is gone', version: 0, acknowledged });
  if (hasLog)
    fail('corrupted', `${log} is there without its store: move it away first, it can't be of use to a new one`);
  const made = isNew ? (makeWitness(file, { store: randomUUID(), version: 0, digest: 0 }) ?? witness) : undefined;
  makeDatabase(file, typeof made === 'object' ? made.store : randomUUID());
}

/** Brings a store that was examined to where it can be used, once its lock is ours. Returns its id. */
function ready(
  file: string,
  db: DatabaseSync,
  { found }: Examined,
  witness: Testimony | 'damaged' | undefined,
  doubt: Doubt | undefined,
): string {
  const now = Number(db.prepare('SELECT rv FROM store').get()?.['rv']);
  if (now !== found.version) fail('busy', `another moorage up has just used ${file}: try again`);
  const upgrade = upgradeFrom(formatOf(file, db));
  if (!doubt && found.store !== undefined) {
    if (upgrade) db.exec(`BEGIN IMMEDIATE; ${upgrade} COMMIT`);
    return found.store;
  }
  const isCutOff = !doubt && typeof witness === 'object';
  const id = isCutOff ? witness.store : randomUUID();
  // Versions that were given once are not given again.
  const version = Math.max(found.version, doubt?.acknowledged ?? 0);
  const testimony = { store: id, version, digest: found.actual };
  // First: whatever cuts this off, the next start finds the same doubt, or none.
  if (!isCutOff) makeWitness(file, testimony, true);
  db.exec('BEGIN IMMEDIATE');
  db.exec(upgrade);
  // What was deleted in what may be missing, nobody knows.
  db.prepare('UPDATE store SET id = ?, rv = ?, digest = ?, remembered = ?').run(id, version, found.actual, version);
  if (doubt) {
    const insert = db.prepare('INSERT INTO losses (at, version, acknowledged) VALUES (?, ?, ?)');
    insert.run(timestamp(new Date(Date.now() + 1_000)), doubt.version, doubt.acknowledged ?? null);
  }
  db.exec('COMMIT');
  return id;
}
