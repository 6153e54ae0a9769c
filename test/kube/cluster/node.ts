import { copyFile, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { fail } from '../../../src/lib/errors.ts';
import { exec } from '../../../src/lib/exec.ts';
import { tool } from '../tools/build.ts';
import { ask } from './api.ts';
import { makeCgroup, removeCgroup } from './cgroups.ts';
import { makeServer, makeUser, write } from './credentials.ts';
import type { Layout } from './layout.ts';
import { detachLoops } from './loops.ts';
import { enter, makeNamespaces } from './namespaces.ts';
import { type Network, wireNode } from './network.ts';
import { cniConfig, containerdConfig, containerdSocket, kubeletConfig } from './node-config.ts';
import { Processes } from './processes.ts';

/** What a node needs to know of its cluster. */
export interface Surroundings {
  readonly layout: Layout;
  readonly network: Network;
  /** The URL of the API server. */
  readonly server: string;
  /** The minor version of Kubernetes. */
  readonly version: string;
  /** How many nodes there are. */
  readonly count: number;
}

const nodeSchema = z.object({
  spec: z.object({ taints: z.array(z.object({ key: z.string() })).default([]) }),
  status: z.object({
    conditions: z.array(z.object({ type: z.string(), status: z.string(), lastHeartbeatTime: z.string() })).default([]),
  }),
});

/** One node: containerd, kubelet and kube-proxy in namespaces of their own. */
export class Node {
  readonly name: string;
  readonly index: number;
  readonly #around: Surroundings;
  readonly #processes: Processes;

  constructor(name: string, index: number, around: Surroundings) {
    this.name = name;
    this.index = index;
    this.#around = around;
    this.#processes = new Processes(around.layout);
  }

  /** Its address on the cluster's bridge. */
  get address(): string {
    return this.#around.network.node(this.index);
  }

  /** The control group that everything in its pods is in. */
  get cgroup(): string {
    return `/${this.#around.network.bridge}/${this.name}`;
  }

  /** Where a path inside of the node's own directories lies on this machine, such as that of `kubelet`. */
  directory(name: string): string {
    return this.#around.layout.node(this.name, name);
  }

  /** Starts what does not run yet, up to containerd, so that images can be imported. */
  async startRuntime(): Promise<void> {
    const { layout, network, count } = this.#around;
    // A node that was not finished is made anew: nothing is in it yet.
    const finished = layout.node(this.name, 'finished');
    const running = await this.pid();
    if (running === undefined || (await readFile(finished, 'utf8').catch(() => '')) !== String(running)) {
      await this.powerOff();
      const pid = await makeNamespaces(layout, this.#processes, this.name);
      await wireNode(network, this.index, count, pid);
      await exec(await this.#enter(['tee', '/proc/sys/net/ipv4/ip_forward']), { input: '1' });
      await write(finished, String(pid));
    }
    await makeCgroup(this.cgroup);
    const config = layout.node(this.name, 'containerd.toml');
    await write(config, containerdConfig());
    await write(layout.node(this.name, 'cni', 'net.d', '10-pods.conflist'), cniConfig(network.pods(this.index)));
    await this.#start('containerd', ['containerd', '--config', config]);
    await this.#processes.ready(`${this.name}-containerd`, 30, async () => {
      await exec(await this.#enter(['ctr', '--address', containerdSocket, 'version']));
      return true;
    });
  }

  /** Ends everything in the node at once, as if it had lost its power; its disk stays. */
  async powerOff(): Promise<void> {
    await this.#processes.stop(`${this.name}-init`, 'SIGKILL');
    for (const name of ['containerd', 'kubelet', 'kube-proxy']) {
      await this.#processes.stop(`${this.name}-${name}`, 'SIGKILL');
    }
    await detachLoops(this.#around.layout.node(this.name));
    await removeCgroup(this.cgroup);
  }

  /** Starts the node again, and waits until it is ready for pods. */
  async powerOn(): Promise<void> {
    await this.startRuntime();
    await this.startAgents();
  }

  /** Starts the kubelet and kube-proxy if they do not run, and waits until the node is ready for pods. */
  async startAgents(): Promise<void> {
    await this.#configureKubelet();
    const runs = (await this.#processes.pid(`${this.name}-kubelet`)) !== undefined;
    // A kubelet that starts says anew that it is ready; what it said before it ended does not count.
    const since = runs ? 0 : Math.floor(Date.now() / 1000) * 1000;
    await this.startKubelet();
    await this.#startProxy();
    await this.#processes.ready(`${this.name}-kubelet`, 60, () => this.#isReady(since));
  }

  /** Starts the kubelet, if it does not run; returns before it is ready. */
  async startKubelet(): Promise<void> {
    const { layout } = this.#around;
    await this.#start('kubelet', [
      await tool('kubelet', this.#around),
      `--config=${layout.node(this.name, 'kubelet.yaml')}`,
      `--kubeconfig=${layout.config(`kubelet-${this.name}.kubeconfig`)}`,
      `--hostname-override=${this.name}`,
      `--node-ip=${this.address}`,
    ]);
  }

  /** Ends the kubelet; pods go on. */
  async stopKubelet(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#processes.stop(`${this.name}-kubelet`, signal);
  }

  /** Ends the kubelet, with SIGKILL unless told otherwise, starts it again and waits until it serves. */
  async restartKubelet(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await this.stopKubelet(signal);
    await this.startKubelet();
    await this.#processes.ready(`${this.name}-kubelet`, 60, async () => {
      const { stdout } = await this.exec('ss', '-Hltn', 'sport = :10250');
      return stdout !== '';
    });
  }

  /** Gives the node the images of an archive, as `docker save` or an OCI layout has them; returns their names. */
  async importImage(archive: string): Promise<string[]> {
    // The node does not see every path of this machine, but surely its own /run.
    const name = `import-${basename(archive)}`;
    await copyFile(archive, join(this.directory('run'), name));
    const { stdout } = await this.exec(
      ...(['ctr', '--address', containerdSocket, '--namespace', 'k8s.io', 'images', 'import'] as const),
      `/run/${name}`,
    );
    await this.exec('rm', `/run/${name}`);
    return [...stdout.matchAll(/^unpacking (\S+)/gm)].flatMap(([, image]) => image ?? []);
  }

  /** Runs a program inside of the node, in all of its namespaces. */
  async exec(...argv: [string, ...string[]]): ReturnType<typeof exec> {
    return exec(await this.#enter(argv), { timeout: 120_000 });
  }

  /** The id, on this machine, of the node's first process, if the node is there. */
  async pid(): Promise<number | undefined> {
    return this.#processes.pid(`${this.name}-init`);
  }

  async #configureKubelet(): Promise<void> {
    const { layout, network, server } = this.#around;
    const user = `kubelet-${this.name}`;
    await makeUser(layout, user, { commonName: `system:node:${this.name}`, organization: 'system:nodes' }, server);
    await makeServer(layout, user, [this.address, this.name]);
    const resolvConf = layout.node(this.name, 'resolv.conf');
    await write(resolvConf, `nameserver ${network.host}\n`);
    const choices = {
      address: this.address,
      cgroupRoot: this.cgroup,
      nameServer: network.host,
      authority: layout.pki('ca.crt'),
      certificate: layout.pki(`${user}.crt`),
      key: layout.pki(`${user}.key`),
      resolvConf,
    };
    await write(layout.node(this.name, 'kubelet.yaml'), kubeletConfig(choices));
  }

  async #startProxy(): Promise<void> {
    const { layout, server } = this.#around;
    const user = { commonName: 'system:kube-proxy', organization: 'moorage-kube' };
    const kubeconfig = await makeUser(layout, 'kube-proxy', user, server);
    await this.#start('kube-proxy', [
      await tool('kube-proxy', this.#around),
      `--kubeconfig=${kubeconfig}`,
      `--hostname-override=${this.name}`,
      '--proxy-mode=iptables',
      '--detect-local-mode=BridgeInterface',
      '--pod-bridge-interface=cni0',
      // The machine's own limits are left alone.
      '--conntrack-max-per-core=0',
      '--conntrack-tcp-timeout-established=0',
      '--conntrack-tcp-timeout-close-wait=0',
      `--bind-address=${this.address}`,
    ]);
  }

  async #isReady(since: number): Promise<boolean> {
    const { status, body } = await ask(this.#around.layout, this.#around.server, `/api/v1/nodes/${this.name}`);
    if (status !== 200) return false;
    const { spec, status: node } = nodeSchema.parse(JSON.parse(body));
    const ready = node.conditions.find(({ type }) => type === 'Ready');
    const tainted = spec.taints.some(({ key }) => key === 'node.kubernetes.io/not-ready');
    return ready?.status === 'True' && Date.parse(ready.lastHeartbeatTime) >= since && !tainted;
  }

  async #start(name: string, argv: readonly [string, ...string[]]): Promise<void> {
    const full = `${this.name}-${name}`;
    if ((await this.#processes.pid(full)) === undefined) {
      await this.#processes.startInside(full, await this.#enter(argv));
    }
  }

  async #enter(argv: readonly [string, ...string[]]): Promise<[string, ...string[]]> {
    const pid = await this.pid();
    if (pid === undefined) fail('not-ready', `the node ${this.name} does not run: npm run kube:up starts it`);
    return enter(pid, argv);
  }
}
