import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Api } from '../../src/api/api.ts';
import { type EmbeddedApi, openEmbeddedApi } from '../../src/api/embedded/embedded-api.ts';
import { createEventRecorder } from '../../src/api/event-recorder.ts';
import { connectKube, type KubeApi } from '../../src/api/kube/index.ts';
import { startApiServer } from '../../src/apiserver/index.ts';
import { connectCsi } from '../../src/csi/transport/client.ts';
import type { CsiClient } from '../../src/csi/transport/csi-client.ts';
import { startCsiDriver } from '../../src/driver/start.ts';
import type { Engines } from '../../src/engines/engine.ts';
import { openEngines } from '../../src/engines/engines.ts';
import { exec } from '../../src/lib/exec.ts';
import { openLog } from '../../src/lib/log.ts';
import { noMeter } from '../../src/lib/meter.ts';
import { allKinds, namespaces, nodes } from '../../src/model/kinds/index.ts';
import { type Pool, pools } from '../../src/model/kinds/moorage.ts';
import { viewsOf } from '../../src/volumes/node-label.ts';
import { startVolumes } from '../../src/volumes/start.ts';
import { startPlacement } from '../../src/volumes/start-placement.ts';
import { pool, readyPool } from './volumes-rig.ts';

const log = openLog(process.env['MOORAGE_LOG'] ?? 'silent');

/** One API server, which outlives the parts that use it. */
export interface Cluster extends AsyncDisposable {
  readonly store: EmbeddedApi;
  readonly kubeconfig: string;
  readonly dir: string;
}

/** A node's agent: its engine, its controllers, and the driver's node service. */
export interface Agent extends AsyncDisposable {
  readonly api: KubeApi;
  readonly engine: Engines;
  readonly client: CsiClient;
}

/** What runs once for all nodes: placement as leader, and the driver's controller service. */
export interface Leader extends AsyncDisposable {
  readonly api: KubeApi;
  readonly client: CsiClient;
}

/** Starts the API server, with a Node for each name. */
export async function openCluster(dir: string, names: readonly string[]): Promise<Cluster> {
  await using open = new AsyncDisposableStack();
  const store = open.use(await openEmbeddedApi({ file: join(dir, 'store.db'), log, kinds: allKinds }));
  const server = open.use(await startApiServer({ api: store, dir, port: 0, log }));
  await store.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'moorage' } });
  for (const name of names) {
    const node = await store.create(nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name } });
    await setReady(store, node.metadata.name, 'True');
  }
  const owned = open.move();
  return { store, kubeconfig: server.kubeconfigFile, dir, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** What Kubernetes says of a node. */
export async function setReady(api: EmbeddedApi, name: string, status: 'True' | 'Unknown'): Promise<void> {
  const node = await api.get(nodes, { name });
  if (node) await api.updateStatus(nodes, { ...node, status: { conditions: [{ type: 'Ready', status }] } });
}

/** Starts the agent of a node, on data of its own. `over` is what comes in between its driver and the API. */
export async function openAgent(
  cluster: Pick<Cluster, 'kubeconfig' | 'dir'>,
  node: string,
  over: (api: Api) => Api = (api) => api,
): Promise<Agent> {
  await using open = new AsyncDisposableStack();
  const dataDir = join(cluster.dir, node);
  await mkdir(dataDir, { recursive: true });
  const api = open.use(connectKube({ kubeconfig: cluster.kubeconfig, log, views: viewsOf(node) }));
  const events = open.use(createEventRecorder({ api, component: 'moorage', log }));
  const engine = openEngines({ dataDir, exec, log });
  const shared = { api, engine, node, dataDir, exec, log, meter: noMeter };
  const { room } = open.use(await startVolumes({ ...shared, sole: false, events }));
  const socket = join(dataDir, 'csi.sock');
  open.use(await startCsiDriver({ ...shared, api: over(api), services: ['node'], room, socket, events }));
  const client = connectCsi(socket);
  open.defer(() => client.close());
  const owned = open.move();
  return { api, engine, client, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Starts what runs once for all nodes. */
export async function openLeader({ kubeconfig, dir }: Cluster): Promise<Leader> {
  await using open = new AsyncDisposableStack();
  const api = open.use(connectKube({ kubeconfig, log }));
  const events = open.use(createEventRecorder({ api, component: 'moorage', log }));
  const placement = open.use(await startPlacement({ api, log, events, meter: noMeter }));
  open.use(await placement.lead());
  const socket = join(dir, 'controller.sock');
  const { room } = placement;
  open.use(await startCsiDriver({ services: ['controller'], api, room, socket, log, meter: noMeter }));
  const client = connectCsi(socket);
  open.defer(() => client.close());
  const owned = open.move();
  return { api, client, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Makes a node's pool, called as the node, and waits until its agent has opened it. */
export async function makePool(
  { store }: Cluster,
  node: string,
  size: string,
  labels: Record<string, string> = {},
): Promise<Pool> {
  const wish = pool(node, { node, size });
  await store.create(pools, { ...wish, metadata: { ...wish.metadata, labels } });
  return readyPool(store, node);
}
