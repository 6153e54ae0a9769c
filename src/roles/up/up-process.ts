import { flushCompileCache } from 'node:module';
import type { UpFlags } from '../../cli/flags/up-flags.ts';
import { runRole } from '../process.ts';
import { type Running, up } from './up.ts';
import { readUpOptions, type UpOptions } from './up-options.ts';

/** `moorage up` as a process. */
export async function runUp(flags: UpFlags): Promise<number> {
  const options = readUpOptions(flags);
  return runRole({
    title: 'moorage up',
    logLevel: options.logLevel,
    patience: 10_000,
    start: ({ log }) => up(options, log),
    onReady: (running) => {
      process.stdout.write(`${readyText(running, options)}\n`);
      // What was compiled now is kept even if this process is killed.
      setTimeout(flushCompileCache, 2_000).unref();
    },
  });
}

function readyText(running: Running, { data, node: name }: UpOptions): string {
  const { node } = running;
  const ms = Math.round(Date.now() - performance.timeOrigin);
  return [
    `Moorage is ready on ${running.url} (node ${node}, data in ${data}, ${ms} ms after its start).`,
    ...(node === name ? [] : [`This machine is called ${name} now; what is kept here goes on as node ${node}.`]),
    ...(process.getuid?.() === 0
      ? []
      : ['You are not root: volumes are directories. That costs the size limit, raw block, and instant snapshots.']),
    'Next, in another terminal:',
    `  export KUBECONFIG=${running.kubeconfigFile}`,
    '  kubectl get pools,sc,pvc        # or: moorage status',
    'Ctrl-C ends it; what is mounted stays mounted.',
  ].join('\n');
}
