import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { exec } from '../src/lib/exec.ts';
import type { Stage } from './stage.ts';
import { median } from './statistics.ts';

const patterns = {
  'random read': { rw: 'randread', bs: '4k', iodepth: 32 },
  'random write': { rw: 'randwrite', bs: '4k', iodepth: 32 },
  'sequential read': { rw: 'read', bs: '1M', iodepth: 8 },
  'sequential write': { rw: 'write', bs: '1M', iodepth: 8 },
} as const;
export type Pattern = keyof typeof patterns;

/** Bytes a second on the bare file system of the pool and in a volume, in the same minutes. */
export interface Comparison {
  readonly backend: string;
  readonly pattern: Pattern;
  readonly bare: number;
  readonly volume: number;
  /** The volume against the bare file system, round by round. */
  readonly ratios: readonly number[];
  /** The control: the bare file system against itself, on a second file like the first, in the same rounds. */
  readonly control: readonly number[];
}

export interface FioOptions {
  readonly pool: string;
  /** MiB of the file that is read and written. */
  readonly size: number;
  /** Seconds of each run. */
  readonly seconds: number;
  /** Of each round: one run in the volume and two on the bare file system. */
  readonly rounds: number;
}

/** Every place in a round is as good as another only if each side has each of them equally often. */
const orders = [
  ['bare', 'volume', 'again'],
  ['again', 'bare', 'volume'],
  ['volume', 'again', 'bare'],
  ['again', 'volume', 'bare'],
  ['bare', 'again', 'volume'],
  ['volume', 'bare', 'again'],
] as const;
type Side = (typeof orders)[number][number];

/** Measures a volume of a pool against the pool's own file system, and that one against itself, with direct I/O. */
export async function compare(stage: Stage, { pool, size, seconds, rounds }: FioOptions): Promise<Comparison[]> {
  const name = `fio-${pool}`;
  await stage.bind({ name, storageClassName: pool, size: `${Math.ceil(size * 1.25) + 64}Mi` });
  const { path } = await stage.mount(name);
  const bare = await stage.poolDirectory(pool);
  const places: Record<Side, string> = {
    bare: join(bare, 'bench-1.fio'),
    volume: join(path, 'bench.fio'),
    again: join(bare, 'bench-2.fio'),
  };
  try {
    const results: Comparison[] = [];
    for (const [index, pattern] of (Object.keys(patterns) as Pattern[]).entries()) {
      // Fresh files for each pattern, and another one first: none keeps the better place on the disk.
      for (const side of orders[index % orders.length] ?? []) {
        await rm(places[side], { force: true });
        await fill(places[side], size);
      }
      const runs: Record<Side, number[]> = { bare: [], volume: [], again: [] };
      for (let round = 0; round < rounds; round++) {
        for (const side of orders[round % orders.length] ?? []) {
          runs[side].push(await run(places[side], pattern, size, seconds));
        }
      }
      results.push({ backend: await stage.backendOf(pool), pattern, ...compared(runs) });
    }
    return results;
  } finally {
    for (const file of Object.values(places)) await rm(file, { force: true });
    await stage.unmount(name);
  }
}

/** Each run against those of its own round: what the machine does meanwhile is the same for all three. */
function compared({ bare, volume, again }: Readonly<Record<Side, readonly number[]>>) {
  const mean = (round: number) => Math.sqrt((bare[round] ?? Number.NaN) * (again[round] ?? Number.NaN));
  return {
    bare: median([...bare, ...again]),
    volume: median(volume),
    ratios: volume.map((value, round) => value / mean(round)),
    control: again.map((value, round) => value / (bare[round] ?? Number.NaN)),
  };
}

/** Writes a file of random bytes, so that neither side is spared the work of holes. Size in MiB. */
export async function fill(file: string, size: number): Promise<void> {
  const job = ['--name=fill', '--rw=write', '--bs=1M', '--refill_buffers', '--end_fsync=1', '--ioengine=psync'];
  await exec(['fio', ...job, `--filename=${file}`, `--size=${size}M`], { timeout: 600_000 });
}

async function run(file: string, pattern: Pattern, size: number, seconds: number): Promise<number> {
  const { rw, bs, iodepth } = patterns[pattern];
  const { stdout } = await exec(
    [
      'fio',
      '--name=bench',
      '--output-format=json',
      '--ioengine=libaio',
      '--direct=1',
      '--time_based',
      `--runtime=${seconds * 1000}ms`,
      `--rw=${rw}`,
      `--bs=${bs}`,
      `--iodepth=${iodepth}`,
      `--filename=${file}`,
      `--size=${size}M`,
    ],
    { timeout: (seconds + 120) * 1000 },
  );
  const [job] = (JSON.parse(stdout) as { jobs: Record<'read' | 'write', { bw_bytes: number }>[] }).jobs;
  return (job?.[rw.endsWith('read') ? 'read' : 'write'].bw_bytes ?? Number.NaN) as number;
}
