import { randomInt } from 'node:crypto';
import pg from 'pg';
import { sleep } from '../src/lib/clock.ts';
import { fail } from '../src/lib/errors.ts';

/** A bank of two tables that must always agree: every entry, and the sum of all entries. */
const schema = `
  create table if not exists entries (id bigint primary key, amount int not null);
  create table if not exists balance (one int primary key, total bigint not null);
  insert into balance values (1, 0) on conflict do nothing;
`;

/** Connects through the socket's folder as soon as the database takes connections. */
export async function connect(sockets: string, deadline = 20_000): Promise<pg.Pool> {
  const until = performance.now() + deadline;
  for (;;) {
    const pool = new pg.Pool({ host: sockets, user: 'ledger', database: 'postgres', max: 4 });
    // A connection that dies with the database is what we are here for; its query fails by itself.
    pool.on('error', () => {});
    pool.on('connect', (client) => client.on('error', () => {}));
    try {
      await pool.query(schema);
      return pool;
    } catch (error) {
      await pool.end();
      if (performance.now() > until) throw error;
      await sleep(50);
    }
  }
}

/** Writes entries as fast as four connections can, and remembers which of them the database has acknowledged. */
export class Writers {
  readonly acknowledged = new Set<number>();
  #next = 1;
  #running = false;
  #all: Promise<void>[] = [];

  /** Starts writing; the writers end by themselves when the database is gone. */
  start(pool: pg.Pool): void {
    this.#running = true;
    this.#all = Array.from({ length: 4 }, () => this.#write(pool));
  }

  /** Ends the writers and waits for them. */
  async stop(): Promise<void> {
    this.#running = false;
    await Promise.all(this.#all);
  }

  /** Resolves when that many more entries are acknowledged; fails after 20 s without. */
  async more(count: number): Promise<void> {
    const goal = this.acknowledged.size + count;
    const until = performance.now() + 20_000;
    while (this.acknowledged.size < goal) {
      if (performance.now() > until)
        fail('timeout', `the database acknowledged ${this.acknowledged.size} of ${goal} entries`);
      await sleep(5);
    }
  }

  async #write(pool: pg.Pool): Promise<void> {
    while (this.#running) {
      const id = this.#next++;
      const amount = randomInt(-100, 100);
      let client: pg.PoolClient | undefined;
      try {
        client = await pool.connect();
        await client.query('begin');
        await client.query('insert into entries values ($1, $2)', [id, amount]);
        await client.query('update balance set total = total + $1 where one = 1', [amount]);
        await client.query('commit');
        client.release();
        this.acknowledged.add(id);
      } catch {
        client?.release(true);
        return;
      }
    }
  }
}

/** Checks that every acknowledged entry is there and that the tables agree; returns how many entries there are. */
export async function verify(pool: pg.Pool, acknowledged: ReadonlySet<number>): Promise<number> {
  const { rows } = await pool.query<{ id: string }>('select id from entries');
  const there = new Set(rows.map(({ id }) => Number(id)));
  const lost = [...acknowledged].filter((id) => !there.has(id));
  if (lost.length > 0) fail('corrupted', `${lost.length} acknowledged transactions are lost, the first is ${lost[0]}`);
  const [sums] = (
    await pool.query<{ total: string; sum: string }>(
      'select (select total from balance) as total, (select coalesce(sum(amount), 0) from entries) as sum',
    )
  ).rows;
  if (!sums || sums.total !== sums.sum)
    fail('corrupted', `the balance says ${sums?.total}, its entries say ${sums?.sum}`);
  return there.size;
}
