import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Api } from '../../src/api/api.ts';
import { connectKube, type KubeApi } from '../../src/api/kube/index.ts';
import { timestamp } from '../../src/lib/clock.ts';
import { isCode } from '../../src/lib/errors.ts';
import type { Kind } from '../../src/model/kind.ts';
import {
  csiNodes,
  namespaces,
  nodes,
  type PersistentVolumeClaim,
  persistentVolumeClaims,
  storageClasses,
} from '../../src/model/kinds/index.ts';
import type { KubeObject } from '../../src/model/object.ts';
import { RoleProcess } from './role-process.ts';

/** The driver's class in these tests. */
export const className = 'moorage';
const key = 'topology.moorage.dev/node';

/** An API server with one node that has no kubelet, and the roles of Moorage as processes beside it. */
export class World implements AsyncDisposable {
  readonly api: KubeApi;
  readonly kubeconfig: string;
  readonly directory: string;
  readonly #open: AsyncDisposableStack;

  private constructor(kubeconfig: string, directory: string, api: KubeApi, open: AsyncDisposableStack) {
    this.kubeconfig = kubeconfig;
    this.directory = directory;
    this.api = api;
    this.#open = open;
  }

  static async open(kubeconfig: string): Promise<World> {
    await using open = new AsyncDisposableStack();
    const directory = await mkdtemp(join(tmpdir(), 'moorage-roles-'));
    open.defer(() => rm(directory, { recursive: true, force: true }));
    const api = open.use(connectKube({ kubeconfig }));
    await makeObjects(api);
    await beat(api);
    // A node whose kubelet says nothing is soon taken to be gone.
    const heart = setInterval(() => void beat(api).catch(() => {}), 10_000);
    open.defer(() => clearInterval(heart));
    return new World(kubeconfig, directory, api, open.move());
  }

  get kubeletDir(): string {
    return join(this.directory, 'kubelet');
  }

  /** Starts a controller; it ends with the test at the latest. */
  controller(name: string, ...args: readonly string[]): RoleProcess {
    const all = ['--kubeconfig', this.kubeconfig, '--csi-address', this.socket(name), ...args];
    return this.#open.use(new RoleProcess('controller', all, { POD_NAME: name }));
  }

  socket(name: string): string {
    return join(this.directory, `${name}.sock`);
  }

  /** Starts the agent of the node, on a directory pool, which needs no root. */
  agent(...args: readonly string[]): RoleProcess {
    const own = ['--data', join(this.directory, 'data'), '--kubelet-dir', this.kubeletDir, '--backend', 'directory'];
    const all = ['--kubeconfig', this.kubeconfig, ...own, ...args];
    return this.#open.use(new RoleProcess('agent', all, { NODE_NAME: 'm1' }));
  }

  claim(name: string): Promise<PersistentVolumeClaim> {
    return this.api.create(persistentVolumeClaims, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name, namespace: 'default' },
      spec: {
        storageClassName: className,
        accessModes: ['ReadWriteOnce'],
        resources: { requests: { storage: '16Mi' } },
      },
    });
  }

  async phase(name: string): Promise<string | undefined> {
    return (await this.api.get(persistentVolumeClaims, { namespace: 'default', name }))?.status?.phase;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#open.disposeAsync();
  }
}

async function makeObjects(api: Api): Promise<void> {
  await ensure(api, namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'moorage' } });
  const labels = { 'kubernetes.io/hostname': 'm1', [key]: 'm1' };
  await ensure(api, nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'm1', labels } });
  await ensure(api, csiNodes, {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'CSINode',
    metadata: { name: 'm1' },
    spec: { drivers: [{ name: 'csi.moorage.dev', nodeID: 'm1', topologyKeys: [key] }] },
  });
  await ensure(api, storageClasses, {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: className },
    provisioner: 'csi.moorage.dev',
    reclaimPolicy: 'Delete',
    volumeBindingMode: 'Immediate',
  });
}

async function ensure<T extends KubeObject>(api: Api, kind: Kind<T>, object: T): Promise<void> {
  await api.create(kind, object).catch((error: unknown) => {
    if (!isCode(error, 'already-exists')) throw error;
  });
}

/** What the kubelet of a node that is well writes. */
async function beat(api: Api): Promise<void> {
  const condition = { type: 'Ready', status: 'True', reason: 'Tested', lastHeartbeatTime: timestamp() };
  const body = { status: { conditions: [{ ...condition, lastTransitionTime: '2026-01-01T00:00:00Z' }] } };
  await api.patch(nodes, { name: 'm1' }, { type: 'merge', body }, { subresource: 'status' });
}
