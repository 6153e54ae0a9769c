import type { ClusterFlags } from '../../cli/flags/cluster-flags.ts';
import type { Log } from '../../lib/log.ts';
import { runRole } from '../process.ts';
import { readAgentOptions, readControllerOptions } from './cluster-options.ts';
import type { ClusterProcess } from './controller.ts';

/** Kubernetes gives a pod 30 s to end, unless told otherwise. */
const patience = 20_000;

/** `moorage controller` as a process. */
export async function runController(flags: ClusterFlags): Promise<number> {
  const options = readControllerOptions(flags);
  const { controller } = await import('./controller.ts');
  return runRole({
    title: 'moorage controller',
    logLevel: options.logLevel,
    patience,
    start: (context) => controller(options, context),
    onReady: sayReady({
      sidecars: options.sidecars,
      ...(options.sidecars === 'upstream' && { socket: options.socket }),
    }),
  });
}

/** `moorage agent` as a process. */
export async function runAgent(flags: ClusterFlags): Promise<number> {
  const options = readAgentOptions(flags);
  const { agent } = await import('./agent.ts');
  return runRole({
    title: 'moorage agent',
    logLevel: options.logLevel,
    patience,
    start: (context) => agent(options, context),
    onReady: sayReady({ socket: options.socket, node: options.node }),
  });
}

function sayReady(fields: object) {
  return ({ port }: ClusterProcess, log: Log) => {
    const ms = Math.round(Date.now() - performance.timeOrigin);
    log.info({ ...fields, metricsPort: port, ms }, 'ready');
  };
}
