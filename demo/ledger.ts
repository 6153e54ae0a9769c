import { randomInt } from 'node:crypto';
import postgres from 'postgres';
import { sleep } from '../src/lib/clock.ts';
import { fail } from '../src/lib/errors.ts';

/** A bank of two tables that must always agree: every entry, and the sum of all entries. */
const schema = `
  create table if not exists entries (id bigint primary key, amount int not null);
  create table if not exists balance (one int primary key, total bigint not null);
  insert into balance values (1, 0) on conflict do nothing;
`;

/** Connects through the socket's folder as soon as the database takes connections. */
export async function connect(sockets: string, deadline = 20_000): Promise<postgres.Sql> {
  const until = performance.now() + deadline;
  for (;;) {
    const sql = postgres({
      host: `${sockets}/.s.PGSQL.5432`,
      username: 'ledger',
      database: 'postgres',
      max: 4,
      connect_timeout: 2,
      onnotice: () => {},
      backoff: false,
    });
    try {
      await sql.unsafe(schema);
      return sql;
    } catch (error) {
      await sql.end({ timeout: 0 });
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
  start(sql: postgres.Sql): void {
    this.#running = true;
    this.#all = Array.from({ length: 4 }, () => this.#write(sql));
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

  async #write(sql: postgres.Sql): Promise<void> {
    while (this.#running) {
      const id = this.#next++;
      const amount = randomInt(-100, 100);
      try {
        await sql.begin(async (transaction) => {
          await transaction`insert into entries values (${id}, ${amount})`;
          await transaction`update balance set total = total + ${amount} where one = 1`;
        });
        this.acknowledged.add(id);
      } catch {
        return;
      }
    }
  }
}

/** Checks that every acknowledged entry is there and that the tables agree; returns how many entries there are. */
export async function verify(sql: postgres.Sql, acknowledged: ReadonlySet<number>): Promise<number> {
  const rows = await sql<{ id: string }[]>`select id from entries`;
  const there = new Set(rows.map(({ id }) => Number(id)));
  const lost = [...acknowledged].filter((id) => !there.has(id));
  if (lost.length > 0) fail('corrupted', `${lost.length} acknowledged transactions are lost, the first is ${lost[0]}`);
  const [sums] = await sql<{ total: string; sum: string }[]>`
    select (select total from balance) as total, (select coalesce(sum(amount), 0) from entries) as sum`;
  if (!sums || sums.total !== sums.sum)
    fail('corrupted', `the balance says ${sums?.total}, its entries say ${sums?.sum}`);
  return there.size;
}
