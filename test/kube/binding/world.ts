import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { connectKube, type KubeApi } from '../../../src/api/kube/index.ts';
import { fail } from '../../../src/lib/errors.ts';
import {
  namespaces,
  type PersistentVolume,
  type PersistentVolumeClaim,
  persistentVolumeClaims,
  persistentVolumes,
  type StorageClass,
  storageClasses,
} from '../../../src/model/kinds/index.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { startControlPlane } from '../cluster/up.ts';
import { driverName, type MemoryDriver, serveMemoryDriver } from './memory-driver.ts';

const program = fileURLToPath(new URL('provisioner-process.ts', import.meta.url));

/** What the provisioner has asked of the API server until now, and the processor time that it took in milliseconds. */
export interface Spent {
  readonly counts: Readonly<Record<string, number>>;
  readonly cpu: number;
}

/** A control plane without nodes, a driver that keeps its volumes in memory, and our provisioner in its own process. */
export class BindingWorld implements AsyncDisposable {
  readonly api: KubeApi;
  readonly driver: MemoryDriver;
  readonly cluster: Cluster;
  /** Where the driver is. */
  readonly socket: string;
  readonly #open: AsyncDisposableStack;
  #process: ChildProcess | undefined;
  #lines: AsyncIterator<string> | undefined;

  private constructor(cluster: Cluster, driver: MemoryDriver, socket: string, open: AsyncDisposableStack) {
    this.cluster = cluster;
    this.driver = driver;
    this.socket = socket;
    this.#open = open;
    this.api = open.use(connectKube({ kubeconfig: cluster.kubeconfig }));
  }

  /** Starts everything; `kcm` says which limits the controller manager has, `rooms` how much there is on each node. */
  static async start(kcm: 'default' | 'raised', rooms?: ReadonlyMap<string, bigint>): Promise<BindingWorld> {
    await using open = new AsyncDisposableStack();
    const directory = await mkdtemp(join(tmpdir(), 'binding-'));
    open.defer(() => rm(directory, { recursive: true, force: true }));
    const cluster = open.use(await startControlPlane({ directory: join(directory, 'kube'), kcm }));
    const socket = join(directory, 'csi.sock');
    const driver = open.use(await serveMemoryDriver(socket, rooms));
    const world = new BindingWorld(cluster, driver, socket, open.move());
    await world.startProvisioner();
    return world;
  }

  async startProvisioner(): Promise<void> {
    const child = spawn(process.execPath, [program, this.cluster.kubeconfig, this.socket], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#process = child;
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    await this.#lines.next();
  }

  /** Ends it as the kernel does when there is no memory left. */
  async killProvisioner(): Promise<void> {
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  async spent(): Promise<Spent> {
    this.#process?.stdin?.write('\n');
    const line = await this.#lines?.next();
    return JSON.parse(line?.value ?? fail('internal', 'the provisioner has ended')) as Spent;
  }

  async namespace(name: string): Promise<void> {
    await this.api.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  }

  async storageClass(name: string, more: Partial<StorageClass> = {}): Promise<void> {
    await this.api.create(storageClasses, {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name },
      provisioner: driverName,
      reclaimPolicy: 'Delete',
      volumeBindingMode: 'Immediate',
      ...more,
    });
  }

  async claim(
    namespace: string,
    name: string,
    spec: Partial<PersistentVolumeClaim['spec']> = {},
  ): Promise<PersistentVolumeClaim> {
    return await this.api.create(persistentVolumeClaims, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name, namespace },
      spec: {
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'memory',
        resources: { requests: { storage: '1Gi' } },
        ...spec,
      },
    });
  }

  /** A volume that an administrator has made, of the class of the dynamic ones. */
  async staticVolume(name: string, spec: Partial<PersistentVolume['spec']> = {}): Promise<void> {
    await this.api.create(persistentVolumes, {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name },
      spec: {
        accessModes: ['ReadWriteOnce'],
        capacity: { storage: '1Gi' },
        storageClassName: 'memory',
        persistentVolumeReclaimPolicy: 'Retain',
        hostPath: { path: `/nowhere/${name}` },
        ...spec,
      },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.killProvisioner();
    await this.#open.disposeAsync();
  }
}
