import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Cluster, until } from '../../test/kube/cluster/index.ts';
import { tool } from '../../test/kube/tools/build.ts';
import type { Client } from '../client.ts';
import { paths } from '../objects.ts';
import type { Stack } from './stack.ts';

const driver = 'hostpath.csi.k8s.io';
/** Without attaching, which costs the official stack seconds at a pod's start and end. */
const csiDriver = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'CSIDriver',
  metadata: { name: driver },
  spec: { attachRequired: false, podInfoOnMount: true, volumeLifecycleModes: ['Persistent'] },
};

/** Where the peers' programs are, if the environment names a directory that has them. */
export function peerPrograms(): string | undefined {
  const directory = process.env['MOORAGE_BENCH_PEERS'];
  if (!directory) return undefined;
  for (const name of ['csi-provisioner', 'hostpathplugin', 'csi-node-driver-registrar']) {
    if (!existsSync(join(directory, name))) throw new Error(`MOORAGE_BENCH_PEERS: there is no ${name} in ${directory}`);
  }
  return directory;
}

/**
 * The official provisioner, resizer, snapshotter, snapshot controller and registrar with the hostpath driver, on the
 * first node, every limit raised. All of it ends when it is disposed of.
 */
export async function startPeer(cluster: Cluster, client: Client, programs: string): Promise<Stack & AsyncDisposable> {
  await using open = new AsyncDisposableStack();
  const node = cluster.nodes[0];
  const pid = await node?.pid();
  if (!node || pid === undefined) throw new Error('the cluster has no node');
  const home = join(node.directory('kubelet'), 'plugins/csi-hostpath');
  await mkdir(home, { recursive: true });
  const data = join(node.directory('kubelet'), 'csi-hostpath-data');
  await mkdir(data, { recursive: true });
  open.defer(() => rm(data, { recursive: true, force: true }));
  // Programs in the node see its directories at their usual places, those beside it where they lie on this machine.
  const inside = '/var/lib/kubelet/plugins/csi-hostpath/csi.sock';
  const socket = join(home, 'csi.sock');

  const children: ChildProcess[] = [];
  const start = (argv: readonly string[], within = false) => {
    const entered = ['nsenter', `--target=${pid}`, '--net', '--mount', '--pid', '--', ...argv];
    const [program = '', ...args] = within ? entered : argv;
    const child = spawn(program, args, {
      stdio: ['ignore', 'ignore', process.env['MOORAGE_BENCH_LOG'] ? 'inherit' : 'ignore'],
    });
    children.push(child);
    open.defer(async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    });
  };
  await client.call('POST', '/apis/storage.k8s.io/v1/csidrivers', csiDriver);
  open.defer(async () => void (await client.call('DELETE', `/apis/storage.k8s.io/v1/csidrivers/${driver}`)));
  start(
    [
      join(programs, 'hostpathplugin'),
      `--drivername=${driver}`,
      `--endpoint=unix://${inside}`,
      `--nodeid=${node.name}`,
      '--statedir=/var/lib/kubelet/csi-hostpath-data',
      '--enable-attach=false',
    ],
    true,
  );
  await until('the hostpath driver listens', 20, async () => existsSync(socket));
  start(
    [
      join(programs, 'csi-node-driver-registrar'),
      `--csi-address=${inside}`,
      `--kubelet-registration-path=${inside}`,
      '--plugin-registration-path=/var/lib/kubelet/plugins_registry',
    ],
    true,
  );
  const sidecar = (program: string, ...more: string[]) =>
    start([
      program,
      `--kubeconfig=${cluster.kubeconfig}`,
      '--kube-api-qps=200',
      '--kube-api-burst=400',
      ...(program.endsWith('snapshot-controller') ? [] : [`--csi-address=${socket}`]),
      ...more,
    ]);
  sidecar(join(programs, 'csi-provisioner'), '--worker-threads=100', '--feature-gates=Topology=true');
  sidecar(await tool('csi-resizer'));
  sidecar(await tool('csi-snapshotter'));
  sidecar(await tool('snapshot-controller'));
  const classes = { immediate: 'hostpath-immediate', firstConsumer: 'hostpath' };
  // The driver runs on the first node only, so pods with its volumes go there.
  const allowedTopologies = [{ matchLabelExpressions: [{ key: 'topology.hostpath.csi/node', values: [node.name] }] }];
  for (const [mode, name] of [
    ['Immediate', classes.immediate],
    ['WaitForFirstConsumer', classes.firstConsumer],
  ]) {
    const kind = { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { name } };
    await client.call('POST', paths.classes, {
      ...kind,
      provisioner: driver,
      volumeBindingMode: mode,
      allowedTopologies,
    });
    open.defer(async () => void (await client.call('DELETE', `${paths.classes}/${name}`)));
  }
  await until('the kubelet knows the hostpath driver', 60, async () => {
    const { spec } = (await client.call('GET', `/apis/storage.k8s.io/v1/csinodes/${node.name}`)) as {
      spec: { drivers: { name: string }[] | null };
    };
    return spec.drivers?.some(({ name }) => name === driver) ?? false;
  });
  const owned = open.move();
  return {
    name: 'official sidecars with the hostpath driver',
    classes,
    processes: () => ownPids(children),
    oneOfEach: () => ownPids(children),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The programs themselves: what was entered into a node by nsenter is a child of it. */
async function ownPids(children: readonly ChildProcess[]): Promise<number[]> {
  const own = children.map(async ({ pid }) => {
    const below = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
    return Number(below.trim().split(' ')[0] || pid);
  });
  return Promise.all(own);
}
