import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { fail } from '../../../src/lib/errors.ts';
import { baseImages } from '../images/base.ts';
import { tool } from '../tools/build.ts';
import { kubeCache } from '../tools/cache.ts';
import { kubeVersion } from '../tools/families.ts';
import { fileLock } from '../tools/file-lock.ts';
import { Cluster, lockCluster } from './cluster.ts';
import { startNameServer } from './dns.ts';
import { takeDown } from './down.ts';
import { defaultDirectory, Layout } from './layout.ts';
import { freeNetwork, freePort, makeBridge } from './network.ts';
import { installPrerequisites } from './prerequisites.ts';
import { readState, type State, writeState } from './state.ts';

/** What can be chosen of a control plane. */
export interface ControlPlaneOptions {
  /** Where it keeps everything that it has; default: `defaultDirectory()`. */
  readonly directory?: string;
  /** The minor version of Kubernetes; default: that of `MOORAGE_KUBE_VERSION`. */
  readonly version?: string;
  /** The limits of the controller manager; default: `MOORAGE_KUBE_KCM`, or those that it has by itself. */
  readonly kcm?: 'default' | 'raised';
  /** More flags for the API server. */
  readonly apiServerFlags?: readonly string[];
  /** Is told what is going on. */
  readonly say?: (text: string) => void;
}

/** What can be chosen of a cluster. */
export interface ClusterOptions extends ControlPlaneOptions {
  /** The names of its nodes; default: n1 and n2. */
  readonly nodes?: readonly string[];
}

const controlPlaneTools = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'];
const nodeTools = ['kubelet', 'kube-proxy', 'coredns'];

/**
 * Starts a control plane without nodes, on free ports of loopback, so that several can be there at once. What runs
 * already in the directory is taken as it is, and is then not taken down by disposal.
 */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<Cluster> {
  return start(options, []);
}

/** Starts a whole cluster, as `startControlPlane` does, with nodes; returns when every one of them is ready for pods. */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  return start(options, options.nodes ?? ['n1', 'n2']);
}

/** The cluster that is in a directory already; its disposal leaves it there. */
export async function attachCluster(directory = defaultDirectory()): Promise<Cluster> {
  const layout = new Layout(directory);
  const state = await readState(layout);
  return state
    ? new Cluster(layout, state, false)
    : fail('not-found', `there is no cluster in ${directory}: npm run kube:up`);
}

async function start(options: ControlPlaneOptions, nodes: readonly string[]): Promise<Cluster> {
  const { directory = defaultDirectory(), say = () => {} } = options;
  const layout = new Layout(directory);
  if (nodes.length > 0) await installPrerequisites(say);
  await using _lock = await lockCluster(layout);
  const found = await readState(layout);
  const version = found?.version ?? chosen(options).version ?? kubeVersion;
  // What has to be built comes before what is made.
  for (const name of [...controlPlaneTools, ...(nodes.length > 0 ? nodeTools : [])]) await tool(name, { version, say });
  const images = nodes.length > 0 ? await baseImages(version) : [];
  const state = found ? checked(layout, found, options, nodes) : await choose(layout, options, nodes);
  const cluster = new Cluster(layout, state, !found);
  try {
    await startParts(cluster, images, say);
  } catch (error) {
    // What failed at its first start is of no use to anybody; but its logs are, and the error has their last words.
    if (!found && !process.env['MOORAGE_KUBE_KEEP']) await takeDown(layout);
    throw error;
  }
  return cluster;
}

async function startParts(cluster: Cluster, images: readonly string[], say: (text: string) => void): Promise<void> {
  const { layout, network, controlPlane, nodes } = cluster;
  if (network) await makeBridge(network);
  const runtimes = nodes.map(async (node) => {
    await node.startRuntime();
    for (const image of images) await node.importImage(image);
  });
  await allDone([controlPlane.startApi(), ...runtimes]);
  say(`the API server is at ${cluster.server}`);
  const agents = nodes.map(async (node) => {
    await node.startAgents();
    say(`node ${node.name} is ready`);
  });
  const names = network ? [startNameServer(layout, network, cluster.server)] : [];
  await allDone([controlPlane.startControllers(), ...names, ...agents]);
}

/** As Promise.all, but when it throws, nothing goes on any more. */
async function allDone(tasks: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(tasks)).find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}

async function choose(layout: Layout, options: ControlPlaneOptions, nodes: readonly string[]): Promise<State> {
  // Until the bridge is there, nobody else may find the same network free.
  await using _lock = await fileLock(join(kubeCache, 'locks', 'networks'));
  const network = nodes.length > 0 ? await freeNetwork() : undefined;
  const state: State = {
    version: kubeVersion,
    kcm: 'default',
    apiServerFlags: [],
    ...chosen(options),
    nodes: [...nodes],
    ...(network && { network: network.number }),
    ports: { etcd: await freePort(), etcdPeer: await freePort(), apiServer: network ? 6443 : await freePort() },
  };
  await writeState(layout, state);
  if (network) await makeBridge(network);
  return state;
}

function checked(layout: Layout, found: State, options: ControlPlaneOptions, nodes: readonly string[]): State {
  const { version, kcm, apiServerFlags } = { ...found, ...chosen(options) };
  const wanted = { version, kcm, apiServerFlags, nodes: [...nodes] };
  const is = { version: found.version, kcm: found.kcm, apiServerFlags: found.apiServerFlags, nodes: found.nodes };
  if (isDeepStrictEqual(is, wanted)) return found;
  return fail(
    'conflict',
    `the cluster in ${layout.directory} is ${JSON.stringify(is)}, not ${JSON.stringify(wanted)}: take it down first, by npm run kube:down`,
  );
}

/** What is asked for, and nothing that is only a default. */
function chosen(options: ControlPlaneOptions): Partial<Pick<State, 'version' | 'kcm' | 'apiServerFlags'>> {
  const version = options.version ?? process.env['MOORAGE_KUBE_VERSION'];
  const wanted = options.kcm ?? process.env['MOORAGE_KUBE_KCM'];
  const kcm = (['default', 'raised'] as const).find((one) => one === wanted);
  if (wanted && !kcm) fail('invalid', `MOORAGE_KUBE_KCM is ${wanted}: it can be default or raised`);
  return {
    ...(version && { version }),
    ...(kcm && { kcm }),
    ...(options.apiServerFlags && { apiServerFlags: [...options.apiServerFlags] }),
  };
}
