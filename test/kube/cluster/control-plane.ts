import { tool } from '../tools/build.ts';
import { ask } from './api.ts';
import { makeServer, makeUser } from './credentials.ts';
import type { Layout } from './layout.ts';
import { Network } from './network.ts';
import { Processes } from './processes.ts';
import type { State } from './state.ts';

const raisedLimits = ['--kube-api-qps=300', '--kube-api-burst=600'];

/** etcd, API server, controller manager and scheduler of one cluster. */
export class ControlPlane {
  readonly #layout: Layout;
  readonly #state: State;
  readonly #processes: Processes;

  constructor(layout: Layout, state: State) {
    this.#layout = layout;
    this.#state = state;
    this.#processes = new Processes(layout);
  }

  /** Where the API server is. */
  get server(): string {
    return `https://${this.#address}:${this.#state.ports.apiServer}`;
  }

  /** Starts etcd and the API server if they do not run, and waits until they are ready. */
  async startApi(): Promise<void> {
    await this.#makeCredentials();
    await this.#startEtcd();
    await this.startApiServer();
  }

  /** Starts the controller manager and the scheduler if they do not run, and waits until pods could be made. */
  async startControllers(): Promise<void> {
    await Promise.all([this.#startControllerManager(), this.#startScheduler()]);
    // A pod needs the default service account, which the controller manager makes.
    const account = '/api/v1/namespaces/default/serviceaccounts/default';
    await this.#processes.ready('kube-controller-manager', 60, async () => (await this.ask(account)).status === 200);
  }

  /** Starts the API server if it does not run, and waits until it is ready. */
  async startApiServer(): Promise<void> {
    const { ports } = this.#state;
    const pki = (name: string) => this.#layout.pki(name);
    await this.#start('kube-apiserver', [
      `--bind-address=${this.#address}`,
      `--secure-port=${ports.apiServer}`,
      `--etcd-servers=http://127.0.0.1:${ports.etcd}`,
      `--service-cluster-ip-range=${this.#addresses.serviceRange}`,
      // Another than a loopback address is asked of those that it would note as its own.
      this.#network ? `--advertise-address=${this.#network.host}` : '--endpoint-reconciler-type=none',
      `--tls-cert-file=${pki('kube-apiserver.crt')}`,
      `--tls-private-key-file=${pki('kube-apiserver.key')}`,
      `--client-ca-file=${pki('ca.crt')}`,
      `--kubelet-client-certificate=${pki('user-kube-apiserver.crt')}`,
      `--kubelet-client-key=${pki('user-kube-apiserver.key')}`,
      `--kubelet-certificate-authority=${pki('ca.crt')}`,
      '--kubelet-preferred-address-types=InternalIP,Hostname',
      `--service-account-key-file=${pki('service-accounts.crt')}`,
      `--service-account-signing-key-file=${pki('service-accounts.key')}`,
      '--service-account-issuer=https://kubernetes.default.svc',
      '--authorization-mode=Node,RBAC',
      '--enable-admission-plugins=NodeRestriction',
      '--allow-privileged=true',
      // Webhooks and aggregated APIs are pods: nothing here knows the addresses of services.
      '--enable-aggregator-routing=true',
      '--max-requests-inflight=800',
      '--profiling=false',
      ...this.#state.apiServerFlags,
    ]);
    await this.#processes.ready('kube-apiserver', 60, async () => (await this.ask('/readyz')).status === 200);
  }

  /** Ends the API server; with SIGKILL at once, otherwise as it likes to end. */
  async stopApiServer(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#processes.stop('kube-apiserver', signal);
  }

  /** Asks the API server as the administrator. */
  async ask(path: string): ReturnType<typeof ask> {
    return ask(this.#layout, this.server, path);
  }

  async #makeCredentials(): Promise<void> {
    const names = [
      'kubernetes',
      'kubernetes.default',
      'kubernetes.default.svc',
      'kubernetes.default.svc.cluster.local',
    ];
    const addresses = ['127.0.0.1', this.#address, this.#addresses.apiService, 'localhost'];
    await makeServer(this.#layout, 'kube-apiserver', [...names, ...new Set(addresses)]);
    const users = [
      { name: 'admin', commonName: 'admin', organization: 'system:masters' },
      { name: 'kube-apiserver', commonName: 'kube-apiserver-kubelet-client', organization: 'system:masters' },
      { name: 'kube-controller-manager', commonName: 'system:kube-controller-manager', organization: 'moorage-kube' },
      { name: 'kube-scheduler', commonName: 'system:kube-scheduler', organization: 'moorage-kube' },
    ];
    for (const { name, ...user } of users) await makeUser(this.#layout, name, user, this.server);
  }

  async #startEtcd(): Promise<void> {
    const { etcd, etcdPeer } = this.#state.ports;
    const [client, peer] = [`http://127.0.0.1:${etcd}`, `http://127.0.0.1:${etcdPeer}`];
    await this.#start('etcd', [
      `--data-dir=${this.#layout.etcd}`,
      // What is lost with the machine is only a test.
      '--unsafe-no-fsync',
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=default=${peer}`,
      '--log-level=warn',
    ]);
    await this.#processes.ready('etcd', 30, async () => (await fetch(`${client}/readyz`)).ok);
  }

  async #startControllerManager(): Promise<void> {
    const pki = (name: string) => this.#layout.pki(name);
    const kubeconfig = this.#layout.config('kube-controller-manager.kubeconfig');
    await this.#start('kube-controller-manager', [
      `--kubeconfig=${kubeconfig}`,
      `--authentication-kubeconfig=${kubeconfig}`,
      `--authorization-kubeconfig=${kubeconfig}`,
      '--use-service-account-credentials',
      `--root-ca-file=${pki('ca.crt')}`,
      `--cluster-signing-cert-file=${pki('ca.crt')}`,
      `--cluster-signing-key-file=${pki('ca.key')}`,
      `--service-account-private-key-file=${pki('service-accounts.key')}`,
      '--leader-elect=false',
      '--secure-port=0',
      ...(this.#state.kcm === 'raised' ? raisedLimits : []),
    ]);
  }

  async #startScheduler(): Promise<void> {
    const kubeconfig = this.#layout.config('kube-scheduler.kubeconfig');
    await this.#start('kube-scheduler', [
      `--kubeconfig=${kubeconfig}`,
      `--authentication-kubeconfig=${kubeconfig}`,
      `--authorization-kubeconfig=${kubeconfig}`,
      '--leader-elect=false',
      '--secure-port=0',
    ]);
  }

  async #start(name: string, flags: readonly string[]): Promise<void> {
    if ((await this.#processes.pid(name)) === undefined) {
      await this.#processes.start(name, [await tool(name, this.#state), ...flags]);
    }
  }

  get #network(): Network | undefined {
    return this.#state.network === undefined ? undefined : new Network(this.#state.network);
  }

  get #addresses(): Network {
    return this.#network ?? new Network(0);
  }

  get #address(): string {
    return this.#network?.host ?? '127.0.0.1';
  }
}
