import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import type { Program } from '../test/support/program.ts';
import { connect } from './ledger.ts';
import { databaseUser, folderForDatabase, serveScript } from './postgres.ts';

export interface DatabaseOptions {
  readonly program: Program;
  readonly claim: string;
  /** Where the claim appears to the database. */
  readonly path: string;
  readonly bin: string;
  readonly sockets: string;
  readonly asRoot: boolean;
}

/** PostgreSQL, running on a claim under `moorage run`. */
export class Database {
  readonly pool: pg.Pool;
  readonly #run: ChildProcess;
  readonly #options: DatabaseOptions;

  private constructor(options: DatabaseOptions, run: ChildProcess, pool: pg.Pool) {
    this.#options = options;
    this.#run = run;
    this.pool = pool;
  }

  /** Starts it, on a new database or on the one that the claim holds, and waits until it answers. */
  static async start(options: DatabaseOptions): Promise<Database> {
    const { program, claim, path, bin, sockets, asRoot } = options;
    await folderForDatabase(sockets, asRoot);
    const user = asRoot ? ['--user', databaseUser.name] : [];
    const lines: string[] = [];
    const script = serveScript(bin, sockets, path);
    const run = program.spawn(['run', '--claim', `${claim}:${path}`, ...user, '--', 'sh', '-c', script], (line) =>
      lines.push(line),
    );
    const ended = once(run, 'exit').then(([code, signal]) => {
      throw new Error(`the database ended (${signal ?? code}):\n${lines.slice(-15).join('\n')}`);
    });
    try {
      return new Database(options, run, await Promise.race([connect(sockets), ended]));
    } catch (error) {
      run.kill('SIGTERM');
      throw error;
    } finally {
      ended.catch(() => {});
    }
  }

  /** Ends the postmaster and every server process with SIGKILL, as a crash would, and waits for `moorage run` to end. */
  async kill(): Promise<void> {
    const lock = await readFile(join(this.#options.sockets, '.s.PGSQL.5432.lock'), 'utf8');
    const postmaster = Number(lock.split('\n')[0]);
    const gone = this.#run.exitCode === null && this.#run.signalCode === null ? once(this.#run, 'exit') : undefined;
    process.kill(postmaster, 'SIGKILL');
    await gone;
    await this.pool.end();
  }

  /** Ends it in order. */
  async stop(): Promise<void> {
    await this.pool.end();
    const gone = this.#run.exitCode === null && this.#run.signalCode === null ? once(this.#run, 'exit') : undefined;
    this.#run.kill('SIGINT');
    await gone;
  }
}
