import type { Burst } from './claims.ts';
import type { Copies } from './copies.ts';
import type { Comparison } from './fio.ts';
import type { Idle } from './idle.ts';
import type { MountTimes } from './mounts.ts';
import { median, medianInterval, percentile } from './statistics.ts';

/** All that one run measured. What is missing was not asked for. */
export interface Measured {
  readonly machine: string;
  readonly date: string;
  readonly backend: string;
  readonly ready?: { readonly first: number; readonly again: readonly number[] };
  readonly bursts?: readonly Burst[];
  readonly idle?: Idle;
  readonly mounts?: MountTimes;
  readonly comparisons?: readonly Comparison[];
  readonly copies?: Copies;
}

interface Row {
  readonly what: string;
  readonly target: string;
  readonly result: string;
  /** Undefined where no target was set; `unsure` where the runs differ by more than what is missing. */
  readonly met?: boolean | 'unsure';
}

/** The run as a page of Markdown: what was measured, on what, and whether it reached its target. */
export function performancePage(measured: Measured): string {
  const lines = rowsOf(measured).map(({ what, target, result, met }) => {
    const verdict = met === undefined ? '' : met === 'unsure' ? 'within the noise' : met ? 'met' : '**not met**';
    return `| ${what} | ${target} | ${result} | ${verdict} |`;
  });
  return [
    '# Performance',
    'Written by `npm run bench`, which starts `moorage up` as a user does, and measures from outside, through its API.',
    `On ${measured.machine}, backend ${measured.backend}, ${measured.date}.`,
    ['| what | target | measured | |', '| --- | --- | --- | --- |', ...lines].join('\n'),
    fioTable(measured.comparisons ?? []),
    notes,
    '',
  ]
    .filter((part, index, all) => part !== '' || index === all.length - 1)
    .join('\n\n')
    .trimEnd()
    .concat('\n');
}

const notes = `## How
- Claims come from a client in a process of its own on the same machine, 48 requests in flight, and are seen Bound by its watch.
  Each write is durable before it is answered. The rate counts from the first request to the last Bound.
- A Mount is timed from its creation to Mounted, seen by a watch. A first mount makes the file system.
- fio uses direct I/O on files of random bytes, made anew for each pattern. In each round it runs once in the volume and
  once on each of two files on the bare file system of the pool, in changing order; the ratio is the median over rounds.
  In brackets: where the true median lies, with 95 % certainty. The control compares the two bare files in the same way:
  it shows what the machine alone makes of equals. A ratio below its target whose bracket reaches the target is within
  the noise.
- Idle is the resident memory, the processor time and the bytes written of the one process, from /proc.`;

function rowsOf({ ready, bursts = [], idle, mounts, comparisons = [], copies }: Measured): Row[] {
  return [
    ...(ready ? readyRows(ready) : []),
    ...burstRows(bursts),
    ...(mounts ? mountRows(mounts) : []),
    ...fioRows(comparisons),
    ...(copies ? copyRows(copies) : []),
    ...(idle ? idleRows(idle) : []),
  ];
}

function readyRows({ first, again }: NonNullable<Measured['ready']>): Row[] {
  const middle = median(again);
  return [
    {
      what: '`moorage up` to ready',
      target: '1 s',
      result: `${ms(middle)} (median of ${again.length})`,
      met: middle <= 1000,
    },
    { what: 'the same, on a new data directory', target: '', result: ms(first) },
  ];
}

function burstRows(bursts: readonly Burst[]): Row[] {
  const smallest = bursts[0];
  return bursts.map((burst) => {
    const result = `${burst.rate.toFixed(0)} a second; one claim p50 ${ms(burst.p50)}, p99 ${ms(burst.p99)}`;
    const what = `${burst.count.toLocaleString('en')} claims in one burst, to Bound`;
    if (!smallest || burst === smallest) return { what, target: '300 a second', result, met: burst.rate >= 300 };
    const share = burst.rate / smallest.rate;
    const target = `80 % of the rate at ${smallest.count.toLocaleString('en')}`;
    return { what, target, result: `${result}; ${percent(share)}`, met: share >= 0.8 };
  });
}

function mountRows({ first, formatted }: MountTimes): Row[] {
  const row = (what: string, target: number, values: readonly number[]): Row => ({
    what,
    target: `p50 ${target} ms`,
    result: `p50 ${ms(median(values))}, p99 ${ms(percentile(values, 99))} (${values.length} mounts)`,
    met: median(values) <= target,
  });
  return [
    row('Mount to Mounted, already formatted', 60, formatted),
    row('Mount to Mounted, first time, with mkfs', 250, first),
  ];
}

function fioRows(comparisons: readonly Comparison[]): Row[] {
  return comparisons.map(({ backend, pattern, ratios }) => {
    const share = median(ratios);
    const [, most] = medianInterval(ratios);
    const least = backend === 'directory' ? 0.95 : pattern.startsWith('sequential') ? 0.9 : undefined;
    const row = { what: `fio ${pattern}, ${backend}`, result: percent(share) };
    if (least === undefined) return { ...row, target: 'named' };
    const met = share >= least || (most >= least && 'unsure');
    return { ...row, target: `≥ ${percent(least)} of the bare file system`, met };
  });
}

function copyRows({ mebibytes, snapshot, restore, clone, grown }: Copies): Row[] {
  const size = `${(mebibytes / 1024).toFixed(1)} GiB`;
  const noCopy = grown < mebibytes * 2 ** 20 * 0.05;
  return [
    { what: `snapshot of a volume holding ${size}, to ready`, target: 'time named', result: ms(snapshot) },
    { what: 'claim restored from it, to Bound', target: 'time named', result: ms(restore) },
    { what: 'clone of the volume, to Bound', target: 'time named', result: ms(clone) },
    { what: 'what these three copies took of the pool', target: 'no copy of data', result: mib(grown), met: noCopy },
  ];
}

function idleRows({ seconds, memory, cpu, written }: Idle): Row[] {
  const over = `over ${seconds.toFixed(0)} s`;
  return [
    {
      what: 'idle after the first burst: memory',
      target: '150 MB',
      result: `${memory.toFixed(0)} MiB`,
      met: memory * 1.048576 <= 150,
    },
    { what: 'idle: processor', target: '1 % of a core', result: `${cpu.toFixed(2)} % ${over}`, met: cpu <= 1 },
    { what: 'idle: disk writes', target: 'none', result: `${written} bytes ${over}`, met: written === 0 },
  ];
}

function fioTable(comparisons: readonly Comparison[]): string {
  if (comparisons.length === 0) return '';
  const lines = comparisons.map(({ backend, pattern, bare, volume, ratios, control }) => {
    const show = (bytes: number) =>
      pattern.startsWith('random') ? `${(bytes / 4096 / 1000).toFixed(1)}k IOPS` : `${(bytes / 1e6).toFixed(0)} MB/s`;
    return `| ${backend} | ${pattern} | ${show(bare)} | ${show(volume)} | ${spread(ratios)} | ${spread(control)} |`;
  });
  const head = [
    '| backend | pattern | pool file system | volume | ratio | control |',
    '| --- | --- | --- | --- | --- | --- |',
  ];
  const why =
    'A volume of the image backend is a file system on a loop device on a file: each random 4 KiB passes the loop thread and a second file system, which costs processor time that the bare file system does not need.';
  return `## fio\n${[...head, ...lines].join('\n')}\n\n${why}`;
}

/** The median, and where the true one lies. */
function spread(ratios: readonly number[]): string {
  const [least, most] = medianInterval(ratios).map((share) => (share * 100).toFixed(0));
  return `${percent(median(ratios))} (${least}–${most})`;
}

function ms(value: number): string {
  return value >= 10_000 ? `${(value / 1000).toFixed(1)} s` : `${value.toFixed(0)} ms`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}

function mib(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
