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
}

export interface FioOptions {
  readonly pool: string;
  /** MiB of the file that is read and written. */
  readonly size: number;
  /** Seconds of each run. */
  readonly seconds: number;
  /** Runs on each side, taking turns; the median counts. */
  readonly rounds: number;
}

/** Measures a volume of a pool against the pool's own file system, with direct I/O. */
export async function compare(stage: Stage, { pool, size, seconds, rounds }: FioOptions): Promise<Comparison[]> {
  const name = `fio-${pool}`;
  await stage.bind({ name, storageClassName: pool, size: `${Math.ceil(size * 1.25) + 64}Mi` });
  const { path } = await stage.mount(name);
  const places = { bare: join(await stage.poolDirectory(pool), 'bench.fio'), volume: join(path, 'bench.fio') };
  try {
    for (const file of Object.values(places)) await fill(file, size);
    const results: Comparison[] = [];
    for (const pattern of Object.keys(patterns) as Pattern[]) {
      const bare: number[] = [];
      const volume: number[] = [];
      const measure = async (into: number[], file: string) => {
        into.push(await run(file, pattern, size, seconds));
      };
      for (let round = 0; round < rounds; round++) {
        // Whoever comes second writes while the machine still works off the first: each side begins every other round.
        const sides = [() => measure(bare, places.bare), () => measure(volume, places.volume)];
        for (const side of round % 2 === 0 ? sides : sides.toReversed()) await side();
      }
      results.push({ backend: await stage.backendOf(pool), pattern, bare: median(bare), volume: median(volume) });
    }
    return results;
  } finally {
    for (const file of Object.values(places)) await rm(file, { force: true });
    await stage.unmount(name);
  }
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
      `--runtime=${seconds}`,
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
