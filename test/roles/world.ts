import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Api } from '../../src/api/api.ts';
import { connectKube, type KubeApi } from '../../src/api/kube/index.ts';
import { sleep, timestamp } from '../../src/lib/clock.ts';
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
  readonly node: string;
  readonly #open: AsyncDisposableStack;

  private constructor(kubeconfig: string, node: string, directory: string, api: KubeApi, open: AsyncDisposableStack) {
    this.kubeconfig = kubeconfig;
    this.directory = directory;
    this.node = node;
    this.api = api;
    this.#open = open;
  }

  static async open(kubeconfig: string, node = 'm1'): Promise<World> {
    await using open = new AsyncDisposableStack();
    const directory = await mkdtemp(join(tmpdir(), 'moorage-roles-'));
    open.defer(() => rm(directory, { recursive: true, force: true }));
    const api = open.use(connectKube({ kubeconfig }));
    await makeObjects(api, node);
    await beat(api, node);
    // A node whose kubelet says nothing is soon taken to be gone.
    const heart = setInterval(() => void beat(api, node).catch(() => {}), 10_000);
    open.defer(() => clearInterval(heart));
    return new World(kubeconfig, node, directory, api, open.move());
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
    return this.#open.use(new RoleProcess('agent', all, { NODE_NAME: this.node }));
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

  /** Resolves when the claim is bound; throws with the logs of those who should have seen to it. */
  async bound(name: string, who: readonly RoleProcess[], seconds = 60): Promise<void> {
    const deadline = performance.now() + seconds * 1_000;
    while ((await this.phase(name)) !== 'Bound') {
      if (performance.now() > deadline) {
        const logs = who.map(({ log }) => log).join('\n\n');
        throw new Error(`claim ${name} is not bound after ${seconds} s:\n${logs}`);
      }
      await sleep(50);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#open.disposeAsync();
  }
}

async function makeObjects(api: Api, name: string): Promise<void> {
  await ensure(api, namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'moorage' } });
  const labels = { 'kubernetes.io/hostname': name, [key]: name };
  await ensure(api, nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name, labels } });
  await ensure(api, csiNodes, {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'CSINode',
    metadata: { name },
    spec: { drivers: [{ name: 'csi.moorage.dev', nodeID: name, topologyKeys: [key] }] },
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
async function beat(api: Api, name: string): Promise<void> {
  const condition = { type: 'Ready', status: 'True', reason: 'Tested', lastHeartbeatTime: timestamp() };
  const body = { status: { conditions: [{ ...condition, lastTransitionTime: '2026-01-01T00:00:00Z' }] } };
  await api.patch(nodes, { name }, { type: 'merge', body }, { subresource: 'status' });
}
