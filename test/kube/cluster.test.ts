import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { exec } from '../../src/lib/exec.ts';
import { attachCluster, type Cluster, startCluster, startControlPlane, until } from './cluster/index.ts';
import { tracesOf } from './cluster/trace.ts';
import { agnhost, apply, busybox, namespace } from './pods.ts';

const ns = 'cluster-test';

describe.skipIf(process.getuid?.() !== 0)('the Kubernetes under test', () => {
  let cluster: Cluster;
  let inNamespace: AsyncDisposable;
  const kubectl = (...args: string[]) => cluster.kubectl(['-n', ns, ...args]);

  beforeAll(async () => {
    cluster = await attachCluster();
    inNamespace = await namespace(cluster, ns);
  });
  afterAll(() => inNamespace[Symbol.asyncDispose]());

  it('runs pods on both nodes, which reach one another by service name, and the API by their own account', async () => {
    await apply(
      cluster,
      pod('server', 'n1', { image: agnhost, args: ['netexec', '--http-port=8080'] }),
      { apiVersion: 'v1', kind: 'Service', metadata: { name: 'server', namespace: ns }, spec: serviceSpec },
      pod('client', 'n2', { image: busybox, command: ['sleep', '1000'] }),
    );
    await kubectl('wait', '--for=condition=Ready', 'pod/server', 'pod/client', '--timeout=60s');

    const inClient = (script: string) => kubectl('exec', 'client', '--', 'sh', '-c', script);
    const answer = await until('the service answers', 20, () => inClient('wget -qO- http://server/hostname'));
    expect(answer).toBe('server');

    const account = '/var/run/secrets/kubernetes.io/serviceaccount';
    const ask = (path: string) =>
      inClient(
        `wget -qO- --no-check-certificate --header "Authorization: Bearer $(cat ${account}/token)" https://$KUBERNETES_SERVICE_HOST${path} 2>&1 || true`,
      );
    expect(JSON.parse(await ask('/version'))).toMatchObject({ major: '1' });
    expect(await ask(`/api/v1/namespaces/${ns}/secrets`), 'nothing but roles give rights').toContain('403');
  });

  it('shows mounts that a privileged pod makes to its own node, and to no other', async () => {
    const script = 'mkdir -p /node/moorage/m && mount -t tmpfs from-pod /node/moorage/m && sleep 1000';
    const volume = { name: 'node', hostPath: { path: '/var/lib' } };
    await apply(
      cluster,
      pod(
        'mounter',
        'n1',
        {
          image: busybox,
          command: ['sh', '-c', script],
          securityContext: { privileged: true },
          volumeMounts: [{ name: 'node', mountPath: '/node', mountPropagation: 'Bidirectional' }],
        },
        [volume],
      ),
    );
    await kubectl('wait', '--for=condition=Ready', 'pod/mounter', '--timeout=60s');

    const mounts = async (node: string) => (await cluster.node(node).exec('cat', '/proc/self/mounts')).stdout;
    await until('n1 sees the mount', 20, async () => (await mounts('n1')).includes('from-pod /var/lib/moorage/m'));
    expect(await mounts('n2')).not.toContain('from-pod');
    await cluster.node('n1').exec('umount', '/var/lib/moorage/m');
  });

  it('goes on after a kubelet or the API server was killed', async () => {
    await apply(cluster, pod('survivor', 'n2', { image: busybox, command: ['sleep', '1000'] }));
    await kubectl('wait', '--for=condition=Ready', 'pod/survivor', '--timeout=60s');
    const started = await kubectl(
      'get',
      'pod',
      'survivor',
      '-o',
      'jsonpath={.status.containerStatuses[0].containerID}',
    );

    await cluster.node('n2').restartKubelet();
    await cluster.stopApiServer('SIGKILL');
    await expect(kubectl('get', 'pods')).rejects.toThrow(/refused/);
    await cluster.startApiServer();

    const path = 'jsonpath={.status.containerStatuses[0].containerID}';
    expect(await kubectl('get', 'pod', 'survivor', '-o', path)).toBe(started);
    await until('the new kubelet serves', 30, () => kubectl('exec', 'survivor', '--', 'true').then(() => true));
  });

  it('starts the pods of a node again that lost its power', async () => {
    await apply(cluster, pod('patient', 'n2', { image: busybox, command: ['sleep', '1000'] }));
    await kubectl('wait', '--for=condition=Ready', 'pod/patient', '--timeout=60s');

    await cluster.node('n2').powerOff();
    await cluster.node('n2').powerOn();

    const restarts = ['get', 'pod', 'patient', '-o', 'jsonpath={.status.containerStatuses[0].restartCount}'];
    await until('the pod was started again', 60, async () => (await kubectl(...restarts)) === '1');
    await until('it runs', 30, () => kubectl('exec', 'patient', '--', 'true').then(() => true));
  });

  it('has room for a control plane beside it', async () => {
    const directory = await mkdtemp('/var/lib/moorage-kube-test-');
    {
      await using other = await startControlPlane({ directory, kcm: 'raised' });
      expect(await other.kubectl(['get', 'nodes', '-o', 'name'])).toBe('');
      expect(await cluster.kubectl(['get', 'nodes', '-o', 'name'])).toBe('node/n1\nnode/n2\n');
    }
    expect(await tracesOf(directory)).toEqual([]);
  });

  it('is taken down without a trace, with its volumes mounted and half of it killed', async () => {
    const directory = await mkdtemp('/var/lib/moorage-kube-test-');
    await using other = await startCluster({ directory, nodes: ['only'] });
    const bridge = other.network?.bridge;
    const node = other.node('only');
    const image = `/var/lib/moorage/${basename(directory)}.img`;
    await node.exec('truncate', '--size=64M', image);
    const loop = (await node.exec('losetup', '--find', '--show', image)).stdout.trim();
    await node.exec('mkfs.ext4', '-q', loop);
    await node.exec('mkdir', '/var/lib/moorage/mounted');
    await node.exec('mount', loop, '/var/lib/moorage/mounted');
    await other.kubectl(['run', 'pod', `--image=${busybox}`, '--', 'sleep', '1000']);
    await other.kubectl(['wait', '--for=condition=Ready', 'pod/pod', '--timeout=60s']);
    await node.stopKubelet('SIGKILL');
    await rm(join(directory, 'processes'), { recursive: true });
    const traces = await tracesOf(directory, bridge);
    for (const kind of [bridge, 'dev ', 'loop', 'cgroup', 'process']) expect(traces.join('\n')).toContain(kind);

    await other.down();
    expect(await tracesOf(directory, bridge)).toEqual([]);
  });

  it('is taken down without a trace when it was never whole', async () => {
    const directory = await mkdtemp('/var/lib/moorage-kube-test-');
    const env = { MOORAGE_KUBE_DIR: directory };
    const main = join(import.meta.dirname, 'cluster/main.ts');
    const down = () => exec([process.execPath, main, 'down'], { env });
    onTestFinished(async () => {
      await down();
    });
    const up = spawn(process.execPath, [main, 'up'], { env: { ...process.env, ...env }, stdio: 'ignore' });
    const started = join(directory, 'processes/n1-containerd.json');
    await until('a node has begun to start', 60, async () => existsSync(started));
    up.kill('SIGKILL');
    const bridge = (await attachCluster(directory)).network?.bridge;

    await down();
    expect(await tracesOf(directory, bridge)).toEqual([]);
  });
});

const serviceSpec = { selector: { name: 'server' }, ports: [{ port: 80, targetPort: 8080 }] };

function pod(name: string, node: string, container: object, volumes: readonly object[] = []): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: ns, labels: { name } },
    spec: { nodeName: node, terminationGracePeriodSeconds: 0, containers: [{ name: 'main', ...container }], volumes },
  };
}
