import { exec } from '../../src/lib/exec.ts';

/** A system call: its name and arguments as strace(1) prints them, and at which lines of the trace it began and ended. */
export interface SystemCall {
  readonly name: string;
  readonly text: string;
  readonly began: number;
  readonly ended: number;
}

const line = /^(?<pid>\d+) +(?:<\.\.\. (?<resumed>\w+) resumed>|(?<name>\w+)\()(?<rest>.*)$/;
const unfinished = ' <unfinished ...>';

/** Reads the trace of a program and all its threads and children, in the order in which the calls began. */
export function parseTrace(text: string): SystemCall[] {
  const calls: { name: string; text: string; began: number; ended: number }[] = [];
  const open = new Map<string, (typeof calls)[number]>();
  for (const [index, given] of text.split('\n').entries()) {
    const { pid = '', resumed, name, rest = '' } = line.exec(given)?.groups ?? {};
    if (resumed !== undefined) {
      const call = open.get(pid);
      if (call) {
        call.text += rest;
        call.ended = index;
      }
      open.delete(pid);
    } else if (name !== undefined) {
      const call = { name, text: rest, began: index, ended: index };
      calls.push(call);
      if (!rest.endsWith(unfinished)) continue;
      call.text = rest.slice(0, -unfinished.length);
      // Until it is resumed: it may never end.
      call.ended = Number.POSITIVE_INFINITY;
      open.set(pid, call);
    }
  }
  return calls;
}

const traced =
  'write,pwrite64,pwritev,fsync,fdatasync,syncfs,rename,renameat,renameat2,link,unlink,unlinkat,execve,mount,ftruncate';

/** Runs a program of ours under strace(1), and returns its system calls that have to do with what is durable. */
export async function trace(program: string, args: readonly string[], file: string): Promise<string> {
  const flags = [
    '-f',
    '-qq',
    '--seccomp-bpf',
    '-y',
    '-s',
    '400',
    '-e',
    `trace=${traced}`,
    '-e',
    'signal=none',
  ] as const;
  await exec(['strace', ...flags, '-o', file, process.execPath, program, ...args], { timeout: 60_000 });
  return file;
}
