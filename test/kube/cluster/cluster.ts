import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { fail } from '../../../src/lib/errors.ts';
import { type ExecOptions, exec } from '../../../src/lib/exec.ts';
import { kubeCache } from '../tools/cache.ts';
import { fileLock } from '../tools/file-lock.ts';
import { ControlPlane } from './control-plane.ts';
import { takeDown } from './down.ts';
import type { Layout } from './layout.ts';
import { Network } from './network.ts';
import { Node } from './node.ts';
import type { State } from './state.ts';

/** A cluster that runs: its parts, to be asked, stopped and started. It outlives the process that started it. */
export class Cluster implements AsyncDisposable {
  readonly layout: Layout;
  readonly state: State;
  readonly controlPlane: ControlPlane;
  readonly nodes: readonly Node[];
  readonly #owned: boolean;

  /** An owned cluster is taken down when it is disposed of. */
  constructor(layout: Layout, state: State, owned: boolean) {
    this.layout = layout;
    this.state = state;
    this.#owned = owned;
    this.controlPlane = new ControlPlane(layout, state);
    const network = this.network;
    const { server } = this.controlPlane;
    const around = network && { layout, network, server, version: state.version, count: state.nodes.length };
    this.nodes = around ? state.nodes.map((name, index) => new Node(name, index, around)) : [];
  }

  /** The administrator's kubeconfig. */
  get kubeconfig(): string {
    return this.layout.adminKubeconfig;
  }

  /** The URL of the API server. */
  get server(): string {
    return this.controlPlane.server;
  }

  /** Its addresses; undefined for a control plane alone. */
  get network(): Network | undefined {
    return this.state.network === undefined ? undefined : new Network(this.state.network);
  }

  /** One of its nodes. */
  node(name: string): Node {
    return this.nodes.find((node) => node.name === name) ?? fail('not-found', `the cluster has no node ${name}`);
  }

  /** Ends the API server; all else goes on. */
  async stopApiServer(signal?: NodeJS.Signals): Promise<void> {
    await this.controlPlane.stopApiServer(signal);
  }

  /** Starts the API server again, and waits until it is ready. */
  async startApiServer(): Promise<void> {
    await this.controlPlane.startApiServer();
  }

  /** Gives every node the images of an archive; returns their names. */
  async importImage(archive: string): Promise<string[]> {
    const names = await Promise.all(this.nodes.map((node) => node.importImage(archive)));
    return [...new Set(names.flat())];
  }

  /** Runs kubectl as the administrator, and returns what it prints. */
  async kubectl(args: readonly string[], options: ExecOptions = {}): Promise<string> {
    const env = { ...options.env, KUBECONFIG: this.kubeconfig };
    return (await exec([process.env['KUBECTL'] ?? 'kubectl', ...args], { timeout: 120_000, ...options, env })).stdout;
  }

  /** Takes it down without a trace. */
  async down(): Promise<void> {
    await using _lock = await lockCluster(this.layout);
    await takeDown(this.layout);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#owned) await this.down();
  }
}

/** Keeps others from taking the same cluster up or down meanwhile. The lock is not in what is taken down. */
export function lockCluster({ directory }: Layout): Promise<AsyncDisposable> {
  const key = createHash('sha256').update(directory).digest('hex').slice(0, 12);
  return fileLock(join(kubeCache, 'locks', key));
}
