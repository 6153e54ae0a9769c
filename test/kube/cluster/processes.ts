import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, readdir, readFile, readlink, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fail, isCode, MoorageError } from '../../../src/lib/errors.ts';
import type { Layout } from './layout.ts';
import { until } from './wait.ts';

/** Every process of a cluster has these variables, with the cluster's directory and its name, so that none can be lost. */
const mark = 'MOORAGE_KUBE_CLUSTER';
const nameMark = 'MOORAGE_KUBE_PROCESS';

/** No more than programs need: a proxy or a kubeconfig of whoever starts them is none of theirs. */
const environment = {
  PATH: `${process.env['PATH']}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
  HOME: '/root',
};

interface Recorded {
  readonly pid: number;
  /** Clock ticks since boot, from /proc/pid/stat: with it, a number that was given anew is not taken for the process. */
  readonly started: string;
}

/** The long-running processes of a cluster, on record in its directory: they outlive whoever started them. */
export class Processes {
  readonly #layout: Layout;

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  /** Starts a program that goes on after we end, its output in the log of that name; returns its process id. */
  async start(name: string, argv: readonly [string, ...string[]]): Promise<number> {
    const pid = await this.#spawn(name, argv);
    await this.#record(name, pid);
    return pid;
  }

  /** As `start`, for `unshare --fork` and `nsenter --pid`: the process that counts is the child that they make. */
  async startInside(name: string, argv: readonly [string, ...string[]]): Promise<number> {
    const parent = await this.#spawn(name, argv);
    const pid = await until(`${argv[0]} has started ${name}`, 10, async () => {
      if ((await startTime(parent)) === undefined) throw await this.#ended(name);
      const [child] = (await readFile(`/proc/${parent}/task/${parent}/children`, 'utf8')).split(' ');
      return child ? Number(child) : undefined;
    });
    await this.#record(name, pid);
    return pid;
  }

  /** The process id of that name, if it lives. */
  async pid(name: string): Promise<number | undefined> {
    const text = await readFile(this.#path(name), 'utf8').catch(() => undefined);
    if (text === undefined) return undefined;
    const { pid, started }: Recorded = JSON.parse(text);
    return (await startTime(pid)) === started ? pid : undefined;
  }

  /** Waits until a process that was started answers; throws at once, with its last words, if it ends instead. */
  async ready(name: string, seconds: number, ask: () => Promise<boolean>): Promise<void> {
    const ended = await until(`${name} is ready`, seconds, async () => {
      if ((await this.pid(name)) === undefined) return 'ended';
      return (await ask()) && 'ready';
    }).catch(async (error: unknown) => {
      if (!isCode(error, 'timeout')) throw error;
      throw new MoorageError('timeout', `${error.message}; its log says:\n${await this.lastWords(name)}`, {
        cause: error,
      });
    });
    if (ended === 'ended') throw await this.#ended(name);
  }

  /** Ends a process with a signal, and after ten seconds with SIGKILL, and waits until it is gone. */
  async stop(name: string, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const pid = await this.pid(name);
    if (pid !== undefined) await endProcess(pid, signal);
    await rm(this.#path(name), { force: true });
  }

  /** Ends every process of the cluster at once, also those that are not on record. */
  async killAll(): Promise<void> {
    for (;;) {
      const pids = await markedProcesses(this.#layout.directory);
      if (pids.length === 0) return;
      await Promise.all(pids.map((pid) => endProcess(pid, 'SIGKILL')));
    }
  }

  async lastWords(name: string): Promise<string> {
    const text = await readFile(this.#layout.log(name), 'utf8').catch(() => '');
    return text.trimEnd().split('\n').slice(-12).join('\n');
  }

  async #ended(name: string): Promise<MoorageError> {
    return new MoorageError('internal', `${name} ended at once; its log says:\n${await this.lastWords(name)}`);
  }

  async #spawn(name: string, argv: readonly [string, ...string[]]): Promise<number> {
    await this.#endStrays(name);
    await mkdir(dirname(this.#layout.log(name)), { recursive: true });
    await using log = await open(this.#layout.log(name), 'a');
    const [program, ...args] = argv;
    const child = spawn(program, args, {
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      cwd: '/',
      env: { ...environment, [mark]: this.#layout.directory, [nameMark]: name },
    });
    await once(child, 'spawn');
    child.unref();
    return child.pid ?? fail('internal', `${program} was started without a process id`);
  }

  /** Who started one before may have been killed before it could note so. */
  async #endStrays(name: string): Promise<void> {
    for (const pid of await markedProcesses(this.#layout.directory, `${nameMark}=${name}`)) {
      // They have all from containerd, and are meant to outlive it.
      const program = await readlink(`/proc/${pid}/exe`).catch(() => '');
      if (!program.includes('containerd-shim')) await endProcess(pid, 'SIGKILL');
    }
  }

  async #record(name: string, pid: number): Promise<void> {
    const started = await startTime(pid);
    if (started === undefined) throw await this.#ended(name);
    const record: Recorded = { pid, started };
    const path = this.#path(name);
    await mkdir(this.#layout.processes, { recursive: true });
    await writeFile(`${path}.new`, JSON.stringify(record));
    await rename(`${path}.new`, path);
  }

  #path(name: string): string {
    return join(this.#layout.processes, `${name}.json`);
  }
}

async function endProcess(pid: number, signal: NodeJS.Signals): Promise<void> {
  const started = await startTime(pid);
  if (started === undefined) return;
  const gone = async () => (await startTime(pid)) !== started;
  send(pid, signal);
  try {
    await until(`process ${pid} is gone`, 10, gone);
  } catch {
    send(pid, 'SIGKILL');
    await until(`process ${pid} is gone after SIGKILL`, 10, gone);
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** Field 22 of /proc/pid/stat; undefined if there is no such process, or only what is left of it for its parent. */
async function startTime(pid: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}

/** Those with the mark of a cluster, and with another variable, if one is given as `NAME=value`. */
async function markedProcesses(directory: string, variable?: string): Promise<number[]> {
  const wanted = [`${mark}=${directory}`, ...(variable ? [variable] : [])];
  const pids = (await readdir('/proc')).map(Number).filter((pid) => pid > 1 && pid !== process.pid);
  const marked = await Promise.all(
    pids.map(async (pid) => {
      const environment = (await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')).split('\0');
      return wanted.every((one) => environment.includes(one)) && (await startTime(pid)) !== undefined;
    }),
  );
  return pids.filter((_, index) => marked[index]);
}
