import { spawn } from 'node:child_process';
import { MoorageError } from './errors.ts';

/** How a program ended: its exit code, or the signal that ended it, and what it printed. */
export interface ExecResult {
  readonly argv: readonly string[];
  readonly code: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
}

export interface ExecOptions {
  /** Written to the program's standard input, which is closed after it; without it, standard input is empty. */
  readonly input?: string;
  /** Milliseconds until SIGTERM, and five seconds later SIGKILL. Default 60,000. */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Exit codes that are an answer, not an error. Default `[0]`. */
  readonly ok?: readonly number[];
  /** So many characters of standard output are read; a program that prints more has failed. Default 64 Mi. */
  readonly maxOutput?: number;
}

/** The only door to other programs: argv, never a shell. A test can stand in it. */
export type Exec = (argv: readonly [string, ...string[]], options?: ExecOptions) => Promise<ExecResult>;

const killDelay = 5_000;
const maxOutputByDefault = 64 * 2 ** 20;
/** Of what a program complains about, so many characters are kept: the last ones. */
const maxComplaint = 64 * 2 ** 10;
/** Of these, so many are told in an error. */
const maxWords = 2_000;

/**
 * Runs a program with `LC_ALL=C` and waits for it to end. Throws a MoorageError that names the program, its exit code
 * and its last words: `unsupported` if it is not installed, `timeout` if it had to be ended, `internal` otherwise. A
 * program that prints without end costs its time limit, not memory.
 */
export const exec: Exec = (argv, options = {}) => {
  const started = performance.now();
  const [program, ...args] = argv;
  const ok = options.ok ?? [0];
  const { promise, resolve, reject } = Promise.withResolvers<ExecResult>();
  if (options.signal?.aborted) {
    reject(new MoorageError('timeout', `${program} was not started: ${String(options.signal.reason)}`));
    return promise;
  }
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env, LC_ALL: 'C' },
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  const maxOutput = options.maxOutput ?? maxOutputByDefault;
  let stdout = '';
  let tooMuch = false;
  let stderr = '';
  let ended: string | undefined;
  let killer: NodeJS.Timeout | undefined;
  const end = (why: string) => {
    ended ??= why;
    child.kill('SIGTERM');
    killer ??= setTimeout(() => child.kill('SIGKILL'), killDelay);
  };
  const timer = setTimeout(() => end(`no end after ${options.timeout ?? 60_000} ms`), options.timeout ?? 60_000);
  const onAbort = () => end('it was no longer wanted');
  options.signal?.addEventListener('abort', onAbort, { once: true });
  const cleanUp = () => {
    clearTimeout(timer);
    clearTimeout(killer);
    options.signal?.removeEventListener('abort', onAbort);
  };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    tooMuch ||= stdout.length + text.length > maxOutput;
    if (!tooMuch) stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    if (stderr.length > 2 * maxComplaint) stderr = stderr.slice(-maxComplaint);
  });
  child.stdin?.on('error', () => {}).end(options.input);
  child.on('error', (cause: NodeJS.ErrnoException) => {
    cleanUp();
    const missing = cause.code === 'ENOENT';
    reject(
      new MoorageError(
        missing ? 'unsupported' : 'internal',
        missing
          ? `${program} is not installed on this machine; "moorage doctor" says which package has it`
          : `${program} could not be started: ${cause.message}`,
        { cause },
      ),
    );
  });
  child.on('close', (code, signal) => {
    cleanUp();
    const ms = performance.now() - started;
    const result = { argv, code: code ?? undefined, signal: signal ?? undefined, stdout, stderr, ms };
    if (ended) {
      reject(new MoorageError('timeout', `${argv.join(' ')} was ended: ${ended}`));
    } else if (code !== null && ok.includes(code)) {
      if (!tooMuch) resolve(result);
      else
        reject(
          new MoorageError('internal', `${argv.join(' ')} printed more than the ${maxOutput} characters that are read`),
        );
    } else {
      const words = (stderr.trim() || stdout.trim()).split('\n').slice(-4).join('; ').slice(-maxWords);
      const how = signal ? `was ended by ${signal}` : `failed with exit code ${code}`;
      reject(new MoorageError('internal', `${argv.join(' ')} ${how}${words ? `: ${words}` : ''}`));
    }
  });
  return promise;
};
