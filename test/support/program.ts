import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { fail } from '../../src/lib/errors.ts';
import { type ExecOptions, type ExecResult, exec } from '../../src/lib/exec.ts';

/** The root of the project. */
export const root = fileURLToPath(new URL('../..', import.meta.url));
const checkout = join(root, 'bin/moorage');

export interface ProgramOptions {
  /** The data directory. */
  readonly data: string;
  /** The `moorage` to run; default: that of this checkout. */
  readonly program?: string;
  /** More arguments for `moorage up`. */
  readonly args?: readonly string[];
  /** Where its log goes; default: kept for error messages only. */
  readonly onLog?: (line: string) => void;
}

/** The real program, as a person starts it: `moorage up` in a process of its own, and the command line beside it. */
export class Program {
  readonly data: string;
  readonly kubeconfig: string;
  readonly #program: string;
  readonly #options: ProgramOptions;
  #up: ChildProcess | undefined;
  #lastLines: string[] = [];
  #port = '0';

  constructor(options: ProgramOptions) {
    this.#options = options;
    this.#program = options.program ?? checkout;
    this.data = options.data;
    this.kubeconfig = join(options.data, 'kubeconfig');
  }

  get pid(): number {
    return this.#up?.pid ?? fail('not-ready', 'moorage up is not running');
  }

  get env(): Record<string, string> {
    return { MOORAGE_DATA: this.data, KUBECONFIG: this.kubeconfig };
  }

  /** Starts `moorage up` on a free port, and on the same one ever after, and waits for its ready line; returns the milliseconds that took. */
  async start(): Promise<number> {
    const started = performance.now();
    const up = spawn(this.#program, ['up', '--port', this.#port, ...(this.#options.args ?? [])], {
      env: { ...process.env, ...this.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#up = up;
    this.#lastLines = [];
    const ready = Promise.withResolvers<void>();
    const note = (line: string) => {
      this.#lastLines = [...this.#lastLines.slice(-40), line];
      this.#options.onLog?.(line);
    };
    createInterface({ input: up.stdout }).on('line', (line) => {
      note(line);
      const [, port] = /ready on https:\/\/[^ ]+:(\d+)/.exec(line) ?? [];
      if (!port) return;
      this.#port = port;
      ready.resolve();
    });
    createInterface({ input: up.stderr }).on('line', note);
    up.once('error', ready.reject);
    const early = (code: number | null, signal: string | null) =>
      ready.reject(
        new Error(`moorage up ended (${signal ?? code}) before it was ready:\n${this.#lastLines.join('\n')}`),
      );
    up.once('exit', early);
    const timer = setTimeout(
      () => ready.reject(new Error(`moorage up was not ready after 30 s:\n${this.#lastLines.join('\n')}`)),
      30_000,
    );
    try {
      await ready.promise;
    } finally {
      clearTimeout(timer);
      up.off('exit', early);
    }
    return performance.now() - started;
  }

  /** Ends `moorage up` with a signal and waits until it is gone. */
  async end(signal: NodeJS.Signals): Promise<void> {
    const up = this.#up;
    this.#up = undefined;
    if (!up || up.exitCode !== null || up.signalCode !== null) return;
    const gone = once(up, 'exit');
    up.kill(signal);
    await gone;
  }

  /** The last lines that `moorage up` printed. */
  get log(): string {
    return this.#lastLines.join('\n');
  }

  /** Runs one command: `program.run('grow', 'data', '2Gi')`. */
  async run(...args: string[]): Promise<ExecResult> {
    return this.runWith({}, ...args);
  }

  async runWith(options: ExecOptions, ...args: string[]): Promise<ExecResult> {
    return exec([this.#program, ...args], { timeout: 120_000, ...options, env: { ...this.env, ...options.env } });
  }

  /** Runs kubectl against it. */
  async kubectl(args: readonly string[], options: ExecOptions = {}): Promise<string> {
    const result = await exec([process.env['KUBECTL'] ?? 'kubectl', ...args], {
      timeout: 120_000,
      ...options,
      env: { ...this.env, ...options.env },
    });
    return result.stdout;
  }

  /**
   * Waits until a field of an object has a value: what `kubectl wait --for=jsonpath` does, which the kubectl of Debian 12
   * does not have yet. `object` as in `pvc/data`, `path` as in `.status.phase`.
   */
  async until(object: string, path: string, value: string, timeout = 30_000): Promise<void> {
    const watching = ['get', object, '--watch', '--output', `jsonpath={${path}}{"\\n"}`];
    const child = spawn(process.env['KUBECTL'] ?? 'kubectl', watching, {
      env: { ...process.env, ...this.env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const timer = setTimeout(() => child.kill(), timeout);
    let last = '';
    try {
      for await (const line of createInterface({ input: child.stdout })) {
        last = line;
        if (line === value) return;
      }
      fail('timeout', `waiting for ${path} of ${object} to be ${value}: it is ${last || 'not there'}`);
    } finally {
      clearTimeout(timer);
      child.kill();
    }
  }

  /** Starts a command that goes on, such as `moorage run`. */
  spawn(args: readonly string[], onLine: (line: string) => void = () => {}): ChildProcess {
    const child = spawn(this.#program, args, {
      env: { ...process.env, ...this.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    createInterface({ input: child.stdout }).on('line', onLine);
    createInterface({ input: child.stderr }).on('line', onLine);
    return child;
  }
}
