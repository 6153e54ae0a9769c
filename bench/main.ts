/**
 * Measures what we claim, and writes docs/performance.md. `--quick` does a little of everything and prints the page
 * instead; `--only=claims,mounts` does parts (ready, claims, mounts, fio, copies).
 */
import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { burst } from './claims.ts';
import { copies } from './copies.ts';
import { compare } from './fio.ts';
import { idle } from './idle.ts';
import { describeMachine } from './machine.ts';
import { mounts } from './mounts.ts';
import { type Measured, performancePage } from './page.ts';
import { writeSection } from './section.ts';
import { Stage } from './stage.ts';

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false }, only: { type: 'string' } } });
const { quick } = values;
const parts = values.only?.split(',') ?? ['ready', 'claims', 'mounts', 'fio', 'copies'];
const scale = quick
  ? {
      restarts: 1,
      bursts: [20, 40],
      settle: 1,
      idle: 2,
      mounts: 2,
      fio: { size: 32, seconds: 0.2, rounds: 1 },
      copy: 64,
    }
  : {
      restarts: 5,
      bursts: [1_000, 10_000],
      settle: 10,
      idle: 30,
      mounts: 30,
      fio: { size: 1024, seconds: 1, rounds: 12 },
      copy: 4096,
    };

type Draft = { -readonly [Key in keyof Measured]: Measured[Key] };

function say(text: string): void {
  console.error(`bench: ${text}`);
}

/** A part is a function of a fresh stage; it adds what it measured. */
async function onFreshStage(what: string, work: (stage: Stage) => Promise<void>): Promise<void> {
  say(what);
  await using stage = await Stage.open();
  measured.backend = await stage.backendOf('default');
  await work(stage);
}

const measured: Draft = {
  machine: await describeMachine(process.env['MOORAGE_BENCH_DIR'] ?? tmpdir()),
  date: new Date().toISOString().slice(0, 10),
  backend: 'unknown',
};

if (parts.includes('ready')) {
  await onFreshStage('from start to ready', async (stage) => {
    const again: number[] = [];
    for (let round = 0; round < scale.restarts; round++) {
      await stage.program.end('SIGTERM');
      again.push(await stage.program.start());
    }
    await stage.reconnect();
    measured.ready = { first: stage.readyAfter, again };
  });
}

if (parts.includes('claims')) {
  for (const count of scale.bursts) {
    await onFreshStage(`${count} claims in one burst`, async (stage) => {
      await stage.overProvision('default', 100);
      measured.bursts = [...(measured.bursts ?? []), await burst(stage, count)];
      if (measured.idle) return;
      say('idle');
      measured.idle = await idle(stage.program.pid, scale.settle, scale.idle);
    });
  }
}

if (parts.includes('mounts')) {
  await onFreshStage('mounts', async (stage) => {
    measured.mounts = await mounts(stage, scale.mounts);
  });
}

if (parts.includes('fio')) {
  await onFreshStage('fio', async (stage) => {
    const inDefault = await compare(stage, { pool: 'default', ...scale.fio });
    if (measured.backend === 'image') await stage.addPool('directories', 'directory');
    const inDirectories =
      measured.backend === 'image' ? await compare(stage, { pool: 'directories', ...scale.fio }) : [];
    measured.comparisons = [...inDefault, ...inDirectories];
  });
}

if (parts.includes('copies')) {
  await onFreshStage('snapshot, restore and clone', async (stage) => {
    measured.copies = await copies(stage, scale.copy);
  });
}

const page = performancePage(measured);
if (quick || values.only) process.stdout.write(page);
else await writeSection('one machine', page);
say(quick || values.only ? 'done' : 'wrote docs/performance.md');
