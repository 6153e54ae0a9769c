import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../../support/program.ts';
import { attachCluster, type Cluster, until } from '../cluster/index.ts';
import { apply, busybox, namespace } from '../pods.ts';
import { helm, home, installMoorage } from '../support/install.ts';
import { asAgent } from './agents.ts';

const ns = 'chart-test';
// Ends, and so is seen, at the first write that fails.
const writer = 'set -e; i=0; while true; do i=$((i+1)); echo $i > /data/count; sync /data/count; sleep 0.1; done';

describe.skipIf(process.getuid?.() !== 0)('the chart, in the life of a cluster', () => {
  let cluster: Cluster;
  let inNamespace: AsyncDisposable;
  const kubectl = (...args: string[]) => cluster.kubectl(['-n', ns, ...args]);
  const get = (what: string, path: string) => kubectl('get', ...what.split(' '), '-o', `jsonpath=${path}`);
  const uninstall = () => helm(cluster, ['uninstall', 'moorage', '-n', home, '--wait', '--timeout=2m']);
  const volumeName = () => get('pvc data', '{.spec.volumeName}');
  const mountsOf = async (node: string) => (await cluster.node(node).exec('cat', '/proc/self/mountinfo')).stdout;

  async function startWriter(): Promise<void> {
    const volumes = [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }];
    const mounts = [{ name: 'data', mountPath: '/data' }];
    const main = { name: 'main', image: busybox, command: ['sh', '-c', writer], volumeMounts: mounts };
    const spec = { terminationGracePeriodSeconds: 0, containers: [main], volumes };
    await apply(cluster, { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'writer', namespace: ns }, spec });
    await kubectl('wait', '--for=condition=Ready', 'pod/writer', '--timeout=90s');
  }

  beforeAll(async () => {
    cluster = await attachCluster();
    // What a run that was cut off has left half removed, Helm would not upgrade.
    await helm(cluster, ['uninstall', 'moorage', '-n', home, '--no-hooks', '--ignore-not-found', '--wait']);
    inNamespace = await namespace(cluster, ns);
  });
  afterAll(async () => {
    await inNamespace[Symbol.asyncDispose]();
  });

  it('installs, and a claim becomes a volume with data in it', { timeout: 600_000 }, async () => {
    await installMoorage(cluster);
    expect(await cluster.kubectl(['get', 'pools.moorage.dev', '-o', 'name'])).toMatch(/n1\n.*n2\n/);
    const classes = ['get', 'storageclass/moorage', 'volumesnapshotclass/moorage', '-o', 'name'];
    expect((await cluster.kubectl(classes)).split('\n')).toHaveLength(3);
    const owners = '{.items[*].metadata.ownerReferences[*].kind}';
    const rooms = ['-n', home, 'get', 'csistoragecapacities', '-o', `jsonpath=${owners}`];
    await until('the scheduler is told of room on both nodes', 30, async () => {
      expect(await cluster.kubectl(rooms)).toBe('Deployment Deployment');
      return true;
    });

    await apply(cluster, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'data', namespace: ns },
      spec: {
        storageClassName: 'moorage',
        accessModes: ['ReadWriteOnce'],
        resources: { requests: { storage: '512Mi' } },
      },
    });
    await startWriter();
    await kubectl('exec', 'writer', '--', 'sh', '-c', 'echo kept > /data/word; sync');
    expect(await get('pvc data', '{.status.phase}')).toBe('Bound');
  });

  it('has examples, and a file for those without Helm, that the API takes as they are', async () => {
    for (const [namespace, path] of [
      [ns, 'examples/kubernetes'],
      [home, 'deploy/moorage.yaml'],
    ] as const) {
      const options = ['--server-side', '--force-conflicts', '--dry-run=server', '--validate=strict'];
      await cluster.kubectl(['-n', namespace, 'apply', ...options, '-f', join(root, path)]);
    }
  });

  it("refuses what an agent writes about another node, and shows it nobody's secrets", async () => {
    const [node, volume] = [await get('pod writer', '{.spec.nodeName}'), await volumeName()];
    const other = node === 'n1' ? 'n2' : 'n1';
    await using own = await asAgent(cluster, node);
    await using stranger = await asAgent(cluster, other);
    const annotate = (what: string) => ['annotate', what, 'test=1', '--overwrite'];

    await own.kubectl(...annotate(`pool/${node}`));
    await own.kubectl(...annotate(`volume/${volume}`));
    await expect(stranger.kubectl(...annotate(`pool/${node}`))).rejects.toThrow(/only the pools of its own node/);
    await expect(stranger.kubectl(...annotate(`volume/${volume}`))).rejects.toThrow(/own (node|pools)/);
    await expect(own.kubectl('delete', `volume/${volume}`)).rejects.toThrow(/no volumes but the inline volumes/);
    for (const kind of ['secrets', 'persistentvolumeclaims', 'pods']) {
      await expect(own.kubectl('get', kind, '-A'), kind).rejects.toThrow(/forbidden/i);
    }
    // It sees what needs the data of its volumes, and has no say in it.
    expect(await own.kubectl('get', `persistentvolume/${volume}`)).toContain(volume);
    for (const change of [annotate(`persistentvolume/${volume}`), ['delete', `persistentvolume/${volume}`]]) {
      await expect(own.kubectl(...change), change[0]).rejects.toThrow(/forbidden/i);
    }
    const replace = ['--kubeconfig', `${cluster.layout.directory}/agent-${node}.kubeconfig`, 'replace', '-f', '-'];
    // Its holder may renew the lease in between; then there is a conflict, and it is tried again.
    await until('an agent is refused the lease of another', 30, async () => {
      const lease = await own.kubectl('-n', home, 'get', 'lease', 'moorage-controller', '-o', 'json');
      const stolen = lease.replace(/"holderIdentity": "[^"]*"/, '"holderIdentity": "thief"');
      await expect(cluster.kubectl(replace, { input: stolen })).rejects.toThrow(/only its own lease/);
      return true;
    });
  });

  it('keeps its kinds, and with them all volumes, from being deleted by a slip', async () => {
    const crds = ['volumes.moorage.dev', 'volumesnapshotcontents.snapshot.storage.k8s.io'];
    for (const crd of crds) {
      await expect(cluster.kubectl(['delete', 'crd', crd]), crd).rejects.toThrow(/go all its objects, and their data/);
    }
    expect(await get('pod writer', '{.status.phase}')).toBe('Running');
  });

  it('refuses what an agent writes about a volume that is nowhere yet, of a pool of another node', async () => {
    await using stranger = await asAgent(cluster, 'n2');
    await using own = await asAgent(cluster, 'n1');
    const key = 'topology.moorage.dev/node';
    await apply(cluster, {
      apiVersion: 'moorage.dev/v1alpha1',
      kind: 'Volume',
      metadata: { name: 'too-large' },
      spec: { pool: 'n1', size: '900Ti' },
    });
    try {
      await expect(stranger.kubectl('annotate', 'volume/too-large', 'test=1')).rejects.toThrow(/its own pools/);
      await until('the controller has said whose it is', 30, async () => {
        return (await get('volume too-large', `{.metadata.labels.${key.replaceAll('.', '\\.')}}`)) === 'n1';
      });
      await own.kubectl('annotate', 'volume/too-large', 'test=1');
      const taken = stranger.kubectl('label', '--overwrite', 'volume/too-large', `${key}=n2`);
      await expect(taken).rejects.toThrow(/its own pools/);
      const given = own.kubectl('label', '--overwrite', 'volume/too-large', `${key}=n2`);
      await expect(given, 'nor given away').rejects.toThrow(/its own pools/);
      const moved = own.kubectl('patch', 'volume/too-large', '--type=merge', '-p', '{"spec":{"pool":"n2"}}');
      await expect(moved).rejects.toThrow(/moves no volume|can't be changed/);
    } finally {
      await cluster.kubectl(['delete', 'volume/too-large', '--timeout=30s']);
    }
  });

  it('upgrades while volumes are written to, and does not disturb them', async () => {
    const node = await get('pod writer', '{.spec.nodeName}');
    const volume = await volumeName();
    const ours = async () => (await mountsOf(node)).split('\n').filter((line) => line.includes(volume));
    const agents = () =>
      cluster.kubectl(['-n', home, 'get', 'pods', '-l', 'app.kubernetes.io/component=agent', '-o', 'name']);
    const [mounts, before] = [await ours(), await agents()];
    expect(mounts).not.toEqual([]);

    await installMoorage(cluster, { values: { logLevel: 'debug' } });

    // Helm counts a set of agents as ready while the last one of the old is still ending.
    await until('no agent is an old one', 40, async () => {
      const after = new Set((await agents()).split('\n'));
      return before.split('\n').every((name) => name === '' || !after.has(name));
    });
    expect(await ours()).toEqual(mounts);
    const count = async () => Number(await kubectl('exec', 'writer', '--', 'cat', '/data/count'));
    const then = await count();
    await until('the pod writes on', 10, async () => (await count()) > then);
    expect(await get('pod writer', '{.status.containerStatuses[0].restartCount}')).toBe('0');
    // The new agents have taken up what the old ones left mounted.
    const pools = ['get', 'pools.moorage.dev', '-o', 'jsonpath={.items[*].status.phase}'];
    await until('both pools are well', 30, async () => (await cluster.kubectl(pools)) === 'Ready Ready');
  });

  it('refuses to go while a volume is left, says which, and leaves everything as it was', async () => {
    const refusal = await uninstall().then(
      () => 'it went',
      (error: unknown) => String(error),
    );
    expect(refusal).toContain('moorage-uninstall failed');
    const log = await cluster.kubectl(['-n', home, 'logs', 'job/moorage-uninstall']);
    expect(log).toContain(`${await volumeName()} (claim ${ns}/data)`);
    expect(log).toContain('1 volume is used by pods');
    const undo = /helm (rollback .*)/.exec(log)?.[1] ?? '';
    await helm(cluster, undo.split(' '));
    await installMoorage(cluster);
    expect(await get('pod writer', '{.status.containerStatuses[0].restartCount}')).toBe('0');
  });

  it('goes when it is told that volumes stay, leaves no mount and all data, and finds them again', async () => {
    const [node, volume] = [await get('pod writer', '{.spec.nodeName}'), await volumeName()];
    await kubectl('delete', 'pod', 'writer');
    const attached = () => cluster.kubectl(['get', 'volume', volume, '-o', 'jsonpath={.status.attachments[*].node}']);
    await until('the volume is let go', 30, async () => (await attached()) === '');
    await cluster.kubectl(['annotate', 'csidriver', 'csi.moorage.dev', 'moorage.dev/keep-volumes=true']);
    await uninstall();

    const ran = () => cluster.kubectl(['-n', home, 'get', 'pods,jobs', '-o', 'name']);
    await until('its pods are gone', 60, async () => (await ran()) === '');
    for (const name of ['n1', 'n2']) {
      await until(
        'the pool is let go',
        20,
        async () => !/\/moorage\/pools\/|csi\.moorage\.dev/.test(await mountsOf(name)),
      );
    }
    await cluster.node(node).exec('test', '-s', `/var/lib/moorage/pools/${node}/pool.xfs`);
    const left = `persistentvolume/${volume}\npersistentvolumeclaim/data\nvolume.moorage.dev/${volume}\n`;
    expect(await kubectl('get', 'pv,pvc,volumes.moorage.dev', '-o', 'name')).toBe(left);

    await installMoorage(cluster);
    await startWriter();
    expect(await kubectl('exec', 'writer', '--', 'cat', '/data/word')).toBe('kept\n');
    expect(await get('pod writer', '{.spec.nodeName}')).toBe(node);
  });

  it('goes without a word when no volume is left, and nothing of it hangs', async () => {
    await kubectl('delete', 'pod', 'writer');
    await kubectl('delete', 'pvc', 'data', '--timeout=60s');
    const volumes = () => cluster.kubectl(['get', 'pv,volumes.moorage.dev', '-o', 'name']);
    await until('the volume is gone', 60, async () => (await volumes()) === '');
    await uninstall();
    // What was not made by an administrator goes too: nobody could remove it from its disk later.
    expect(await cluster.kubectl(['get', 'pools.moorage.dev', '-o', 'name'])).toBe('');
    for (const name of ['n1', 'n2']) {
      expect((await cluster.node(name).exec('find', '/var/lib/moorage/pools', '-type', 'f')).stdout).toBe('');
    }
    // What the controller made for the scheduler is its Deployment's, and goes with it.
    const rooms = ['-n', home, 'get', 'csistoragecapacities', '-o', 'name'];
    await until('nobody is told of room', 30, async () => (await cluster.kubectl(rooms)) === '');
    const kinds = 'csidriver,storageclass,volumesnapshotclass,clusterrole,clusterrolebinding,validatingadmissionpolicy';
    const left = await cluster.kubectl(['get', kinds, '-o', 'name']);
    expect(left.split('\n').filter((name) => /moorage(?!-kube)/.test(name))).toEqual([]);
    await cluster.kubectl(['delete', 'namespace', home, '--timeout=60s']);
  });
});
