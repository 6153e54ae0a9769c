import { messageOf } from '../lib/errors.ts';
import { type Log, openLog } from '../lib/log.ts';

/** What a role needs to know of the process that it runs in. */
export interface ProcessContext {
  readonly log: Log;
  /** Aborts when the process is asked to end. */
  readonly signal: AbortSignal;
  /** Ends the process at once, so that a restart finds a clean state. */
  readonly fatal: (error: unknown, message: string) => void;
}

export interface ProcessRole<Running extends AsyncDisposable> {
  /** The name of the process, as `ps` shows it. */
  readonly title: string;
  readonly logLevel: string;
  /** Longest time that an orderly stop may take, in milliseconds. */
  readonly patience: number;
  readonly start: (context: ProcessContext) => Promise<Running>;
  readonly onReady: (running: Running, log: Log) => void;
}

/**
 * Runs a role until SIGINT or SIGTERM, and returns the exit code; a second signal, or an end that takes too long,
 * ends the process at once, and so does every failure that nobody expected.
 */
export async function runRole<Running extends AsyncDisposable>(role: ProcessRole<Running>): Promise<number> {
  process.title = role.title;
  process.umask(0o077);
  const log = openLog(role.logLevel);
  const asked = Promise.withResolvers<NodeJS.Signals>();
  let signals = 0;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      signals += 1;
      if (signals > 1) process.exit(130);
      asked.resolve(signal);
    });
  }
  // A hang-up is a terminal that closed: as much a wish to end as Ctrl-C.
  process.once('SIGHUP', () => asked.resolve('SIGHUP'));
  const fatal = (error: unknown, message: string) => {
    log.fatal({ error }, message);
    process.exit(1);
  };
  process.on('unhandledRejection', (error) =>
    fatal(error, 'unexpected failure; ending, so that a restart finds a clean state'),
  );

  const stopping = new AbortController();
  void asked.promise.then(() => stopping.abort(new Error('shutting down')));
  const starting = role.start({ log, signal: stopping.signal, fatal });
  const running = await Promise.race([starting, asked.promise.then(() => undefined)]);
  if (!running) return stopEarly(starting, role, log);
  role.onReady(running, log);
  const signal = await asked.promise;
  return stop(running, role, log, `stopping on ${signal}`);
}

/** A start that was asked to end may end by failing. */
async function stopEarly(starting: Promise<AsyncDisposable>, role: Timed, log: Log): Promise<number> {
  const timer = giveUpLater(role, log);
  const running = await starting.catch((error: unknown) => {
    log.info({ reason: messageOf(error) }, 'stopped while starting');
    return undefined;
  });
  clearTimeout(timer);
  return running ? stop(running, role, log, 'stopped while starting') : 0;
}

async function stop(running: AsyncDisposable, role: Timed, log: Log, why: string): Promise<number> {
  log.info({}, why);
  const timer = giveUpLater(role, log);
  try {
    await running[Symbol.asyncDispose]();
    return 0;
  } catch (error) {
    log.error({ reason: messageOf(error) }, 'a part did not stop cleanly');
    return 1;
  } finally {
    clearTimeout(timer);
  }
}

type Timed = Pick<ProcessRole<AsyncDisposable>, 'patience'>;

function giveUpLater({ patience }: Timed, log: Log): NodeJS.Timeout {
  return setTimeout(() => {
    log.error({ seconds: patience / 1_000 }, 'a part did not stop in time; ending without it');
    process.exit(1);
  }, patience);
}
