import { flushCompileCache } from 'node:module';
import type { UpFlags } from '../cli/up-flags.ts';
import { messageOf } from '../lib/errors.ts';
import { openLog } from '../lib/log.ts';
import { readUpOptions, type UpOptions } from './options.ts';
import { type Running, up } from './up.ts';

/** Longest time that an orderly stop may take, in milliseconds. */
const stopPatience = 10_000;

/** `moorage up` as a process: runs until SIGINT or SIGTERM; a second one, or ten seconds, ends it at once. */
export async function runUp(flags: UpFlags): Promise<number> {
  const options = readUpOptions(flags);
  process.title = 'moorage up';
  process.umask(0o077);
  const log = openLog(options.logLevel);
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
  process.on('unhandledRejection', (error) => {
    log.fatal({ error }, 'unexpected failure; ending, so that a restart finds a clean state');
    process.exit(1);
  });

  const starting = up(options, log);
  const running = await Promise.race([starting, asked.promise.then(() => undefined)]);
  if (!running) return stop(await starting, log, 'stopped while starting');
  process.stdout.write(`${readyText(running, options)}\n`);
  // What was compiled now is kept even if this process is killed.
  setTimeout(flushCompileCache, 2_000).unref();
  const signal = await asked.promise;
  return stop(running, log, `stopping on ${signal}`);
}

async function stop(running: Running, log: ReturnType<typeof openLog>, why: string): Promise<number> {
  log.info({}, why);
  const timer = setTimeout(() => {
    log.error({ seconds: stopPatience / 1_000 }, 'a part did not stop in time; ending without it');
    process.exit(1);
  }, stopPatience);
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

function readyText(running: Running, { data, node }: UpOptions): string {
  const ms = Math.round(Date.now() - performance.timeOrigin);
  return [
    `Moorage is ready on ${running.url} (node ${node}, data in ${data}, ${ms} ms after its start).`,
    ...(process.getuid?.() === 0
      ? []
      : ['You are not root: volumes are directories. That costs the size limit, raw block, and instant snapshots.']),
    'Next, in another terminal:',
    `  export KUBECONFIG=${running.kubeconfigFile}`,
    '  kubectl get pools,sc,pvc        # or: moorage status',
    'Ctrl-C ends it; what is mounted stays mounted.',
  ].join('\n');
}
