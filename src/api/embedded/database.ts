import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import { isSqlite, sqliteFailure } from './database-errors.ts';
import {
  damaged,
  inUse,
  makeDatabase,
  openFailure,
  refuseIfForeign,
  refuseIfReadableByOthers,
} from './database-file.ts';

/** One stored object. Its id is the resource version that made it; it stays while the object lives. */
export interface Row {
  readonly id: number;
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  readonly rv: number;
  readonly json: string;
}

/**
 * The file that makes the store durable: all live objects and the newest resource version, in SQLite (WAL, every
 * commit synced, an exclusive lock that dies with the process). Only Store uses it.
 */
export class Database implements Disposable {
  readonly file: string;
  readonly #db: DatabaseSync;
  readonly #put: StatementSync;
  readonly #remove: StatementSync;
  readonly #setVersion: StatementSync;

  private constructor(file: string, db: DatabaseSync) {
    this.file = file;
    this.#db = db;
    this.#put = db.prepare(
      `INSERT INTO objects (id, resource, namespace, name, rv, json, crc) VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET rv = excluded.rv, json = excluded.json, crc = excluded.crc`,
    );
    this.#remove = db.prepare('DELETE FROM objects WHERE id = ?');
    this.#setVersion = db.prepare('UPDATE store SET rv = ?');
  }

  /**
   * Opens the file, or makes it (mode 0600). Throws `busy` if another process has it, `permission` if others could
   * read it, `corrupted` if it is damaged, `unsupported` if a newer Moorage or another program wrote it.
   */
  static open(file: string): Database {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    refuseIfReadableByOthers(dirname(file), 0o066, '700');
    if (!existsSync(file)) makeDatabase(file);
    refuseIfReadableByOthers(file, 0o077, '600');
    if (statSync(file).size === 0) throw damaged(file, 'it is empty');
    let db: DatabaseSync | undefined;
    try {
      // The wait is for a predecessor that was killed this moment.
      db = new DatabaseSync(file, { timeout: 500 });
      db.exec('PRAGMA locking_mode = EXCLUSIVE');
      refuseIfForeign(file, db);
      db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY');
      db.exec('PRAGMA journal_size_limit = 16777216; PRAGMA trusted_schema = OFF');
      // Takes the lock now, and shows at once whether the file can be written.
      db.exec('BEGIN EXCLUSIVE; UPDATE store SET rv = rv; COMMIT');
      return new Database(file, db);
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
        // A page of zeros reads as a row of nulls, whatever the schema says.
        if (typeof rest.json !== 'string' || crc32(rest.json) !== crc)
          throw damaged(this.file, `${rest.resource} ${rest.name} fails its checksum`);
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
  commit(puts: Iterable<Row>, removed: Iterable<number>, version: number): void {
    try {
      this.#db.exec('BEGIN IMMEDIATE');
      for (const { id, resource, namespace, name, rv, json } of puts) {
        this.#put.run(id, resource, namespace, name, rv, json, crc32(json));
      }
      for (const id of removed) this.#remove.run(id);
      this.#setVersion.run(version);
      this.#db.exec('COMMIT');
    } catch (error) {
      this.#rollBack();
      throw sqliteFailure(`writing to ${this.file}`, error);
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
    this.#db.close();
  }
}
