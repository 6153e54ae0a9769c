import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import type { ClusterFlags } from '../../cli/flags/cluster-flags.ts';
import { driverName } from '../../model/kinds/moorage.ts';
import {
  type Backend,
  backends,
  type Environment,
  given,
  givenNode,
  logLevels,
  oneOf,
  readAddress,
  readBoolean,
  readNodeName,
} from '../flag-values.ts';

/** What both roles of a cluster need to know. */
interface CommonOptions {
  /** Undefined in a pod, which knows its cluster. */
  readonly kubeconfig: string | undefined;
  /** The CSI socket to serve on. */
  readonly socket: string;
  readonly metrics: { readonly host: string | undefined; readonly port: number };
  readonly logLevel: string;
  /** The namespace that Moorage itself is in; undefined for that of the connection. */
  readonly namespace: string | undefined;
  /** Who calls the CSI driver and registers it: Moorage, or the sidecars of the Kubernetes project. */
  readonly sidecars: 'own' | 'upstream';
}

/** What `moorage controller` needs to know. Flags and variables are read once, into this. */
export interface ControllerProcessOptions extends CommonOptions {
  /** Who this process is among its like. */
  readonly identity: string;
  readonly directBinding: boolean;
}

/** What `moorage agent` needs to know. */
export interface AgentProcessOptions extends CommonOptions {
  readonly node: string;
  readonly data: string;
  readonly kubeletDir: string;
  /** Whether a node without a pool is given one, and how it is made. */
  readonly defaultPool: boolean;
  readonly poolPath: string | undefined;
  readonly backend: Backend;
}

/** A flag beats its variable, which beats the default. Throws `invalid` with the flag's name and what it takes. */
export function readControllerOptions(flags: ClusterFlags, env: Environment = process.env): ControllerProcessOptions {
  return {
    ...commonOptions(flags, env, '/run/moorage/csi.sock', ':9810'),
    // A pod's name stays when its container is started again: then it leads on at once.
    identity: env['POD_NAME'] || `${hostname()}-${process.pid}`,
    directBinding: readBoolean({ from: '--direct-binding ', text: flags.directBinding ?? 'true' }),
  };
}

/** The same for the agent. */
export function readAgentOptions(flags: ClusterFlags, env: Environment = process.env): AgentProcessOptions {
  const kubeletDir = resolve(flags.kubeletDir ?? '/var/lib/kubelet');
  return {
    ...commonOptions(flags, env, join(kubeletDir, 'plugins', driverName, 'csi.sock'), ':9811'),
    node: readNodeName(givenNode(flags.node, env, 'NODE_NAME')),
    data: resolve(flags.data ?? '/var/lib/moorage'),
    kubeletDir,
    defaultPool: readBoolean({ from: '--default-pool ', text: flags.defaultPool ?? 'true' }),
    poolPath: flags.poolPath === undefined ? undefined : resolve(flags.poolPath),
    backend: oneOf({ from: '--backend ', text: flags.backend ?? 'auto' }, backends),
  };
}

function commonOptions(flags: ClusterFlags, env: Environment, socket: string, metrics: string): CommonOptions {
  return {
    kubeconfig: flags.kubeconfig,
    socket: resolve((flags.csiAddress ?? socket).replace(/^unix:\/\//, '')),
    metrics: readAddress({ from: '--metrics-address ', text: flags.metricsAddress ?? metrics }),
    logLevel: oneOf(given('--log-level', flags.logLevel, env, 'MOORAGE_LOG', 'info'), logLevels),
    namespace: flags.namespace ?? env['POD_NAMESPACE'],
    sidecars: oneOf({ from: '--sidecars ', text: flags.sidecars ?? 'own' }, ['own', 'upstream']),
  };
}
