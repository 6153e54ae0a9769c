import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { leftovers } from '../test/support/leftovers.ts';
import { Program } from '../test/support/program.ts';
import { Database } from './database.ts';
import { verify, Writers } from './ledger.ts';
import { storage } from './manifests.ts';
import { unpackPostgres } from './postgres.ts';
import { Story } from './story.ts';

// The main job, end to end: a bank's ledger in PostgreSQL on a claim; everything is killed, and nothing is lost.

const asRoot = process.getuid?.() === 0;
const home = await mkdtemp(join(tmpdir(), 'moorage-demo-'));
// The database's user must get through to its sockets; the data directory below is Moorage's alone all the same.
await chmod(home, 0o755);
const program = new Program({ data: join(home, 'data') });
const story = new Story();
const open: Database[] = [];

async function database(claim: string, bin: string): Promise<Database> {
  const path = join(home, `on-${claim}`);
  const started = await Database.start({ program, claim, path, bin, sockets: join(home, `sockets-${claim}`), asRoot });
  open.push(started);
  return started;
}

async function apply(manifest: string): Promise<void> {
  await program.kubectl(['apply', '-f', '-'], { input: manifest });
}

async function play(): Promise<void> {
  const writers = new Writers();
  let bin = '';
  let db: Database | undefined;
  let copy: Database | undefined;
  const ledger = () => db ?? raise();

  story.chapter('A claim becomes a volume');
  await story.step('moorage up', async () => `ready after ${(await program.start()).toFixed(0)} ms`);
  await story.step('kubectl apply: a class and a claim', async () => {
    await apply(storage(asRoot));
    await program.until('pvc/ledger', '.status.phase', 'Bound');
    return (
      await program.kubectl(['get', 'pvc', 'ledger', '-o', 'jsonpath={.status.phase}: {.spec.volumeName}'])
    ).trim();
  });
  await story.step('PostgreSQL starts on the claim', async () => {
    bin = await unpackPostgres(join(home, 'postgres'));
    db = await database('ledger', bin);
    return (await db.pool.query<{ version: string }>('select version()')).rows[0]?.version.split(' on ')[0] ?? '';
  });

  story.chapter('Everything is killed');
  await story.step('kill -9 of the database, in the middle of writing', async () => {
    writers.start(ledger().pool);
    await writers.more(300);
    await ledger().kill();
    await writers.stop();
    return `${writers.acknowledged.size} transactions were acknowledged`;
  });
  await story.step('kill -9 of Moorage', async () => {
    await program.end('SIGKILL');
    return 'no control plane, no database';
  });
  await story.step('both come back', async () => {
    const ms = await program.start();
    db = await database('ledger', bin);
    return `Moorage was ready after ${ms.toFixed(0)} ms`;
  });
  await story.step('every acknowledged transaction is looked up', async () => {
    const count = await verify(ledger().pool, writers.acknowledged);
    return `${writers.acknowledged.size} acknowledged, ${count} found, sums agree`;
  });

  story.chapter('A snapshot under load, and a second claim from it');
  let before: ReadonlySet<number> = new Set();
  await story.step(asRoot ? 'moorage snapshot, while the database writes' : 'moorage snapshot', async () => {
    writers.start(ledger().pool);
    await writers.more(100);
    if (!asRoot) {
      await writers.stop();
      await ledger().stop();
    }
    before = new Set(writers.acknowledged);
    await program.run('snapshot', 'ledger', 'noon');
    if (!asRoot) {
      db = await database('ledger', bin);
      writers.start(ledger().pool);
    }
    await writers.more(100);
    return asRoot
      ? `taken between transactions ${before.size} and ${writers.acknowledged.size}`
      : `after transaction ${before.size}, with the database at rest: directories are copied file by file`;
  });
  await story.step('moorage restore into a second claim', async () => {
    await program.run('restore', 'noon', 'ledger-at-noon');
    copy = await database('ledger-at-noon', bin);
    return 'a second PostgreSQL runs on it, beside the first';
  });
  await story.step('the copy is verified', async () => {
    const count = await verify((copy ?? raise()).pool, before);
    await copy?.stop();
    return `all ${before.size} transactions from before the snapshot, ${count} in all, sums agree`;
  });

  story.chapter('Growth, while the database writes');
  await story.step('moorage grow ledger 1Gi', async () => {
    await program.run('grow', 'ledger', '1Gi');
    await writers.more(100);
    await writers.stop();
    const size = await program.kubectl(['get', 'pvc', 'ledger', '-o', 'jsonpath={.status.capacity.storage}']);
    return `the claim has ${size}, and no transaction waited for it`;
  });
  await story.step('the ledger is verified once more', async () => {
    const count = await verify(ledger().pool, writers.acknowledged);
    await ledger().stop();
    return `${writers.acknowledged.size} acknowledged, ${count} found, sums agree`;
  });
}

function raise(): never {
  throw new Error('the database is not running');
}

async function cleanUp(): Promise<string> {
  for (const database of open) await database.kill().catch(() => {});
  await program.kubectl(['delete', 'mounts,volumesnapshots,pvc', '--all', '--timeout=30s']);
  await program.kubectl(['wait', 'pv', '--all', '--for=delete', '--timeout=20s']).catch(() => {});
  await program.end('SIGTERM');
  await rm(home, { recursive: true, force: true });
  const left = await leftovers(home);
  if (left.length > 0) throw new Error(`left behind: ${left.join(', ')}`);
  return 'no mount, no loop device, no file';
}

console.log(
  asRoot
    ? 'Running as root: volumes are real block devices (XFS files behind loop devices), with a size that holds.'
    : 'Running as an ordinary user: volumes are directories. That costs the size limit, raw block, and instant snapshots.',
);
try {
  await play();
} catch (error) {
  process.exitCode = 1;
  console.error(error, `\nThe last lines of moorage up:\n${program.log}`);
}
try {
  await story.step('everything is put away', cleanUp);
} catch (error) {
  process.exitCode = 1;
  console.error(error, `\nLook in ${home}.`);
}
console.log(`\n${story.table()}`);
