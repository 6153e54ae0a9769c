import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a process takes while nobody asks anything of it. */
export interface Idle {
  readonly seconds: number;
  /** Resident memory in MiB. */
  readonly memory: number;
  /** Per cent of one core. */
  readonly cpu: number;
  /** Bytes that it caused to be written to disk. */
  readonly written: number;
}

const ticksPerSecond = 100;

/** Watches a process for so many seconds, after some to settle. */
export async function idle(pid: number, settle: number, seconds: number): Promise<Idle> {
  await sleep(settle * 1000);
  const before = { cpu: await cpuSeconds(pid), written: await writtenBytes(pid), at: performance.now() };
  await sleep(seconds * 1000);
  const passed = (performance.now() - before.at) / 1000;
  return {
    seconds: passed,
    memory: field(await readFile(`/proc/${pid}/status`, 'utf8'), 'VmRSS') / 1024,
    cpu: (((await cpuSeconds(pid)) - before.cpu) / passed) * 100,
    written: (await writtenBytes(pid)) - before.written,
  };
}

async function cpuSeconds(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The name, in brackets, may itself hold spaces; utime and stime are fields 14 and 15.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

async function writtenBytes(pid: number): Promise<number> {
  return field(await readFile(`/proc/${pid}/io`, 'utf8'), 'write_bytes');
}

function field(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(text)?.[1] ?? Number.NaN);
}
