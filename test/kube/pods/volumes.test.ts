import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { driverName, topologyKey } from '../../../src/model/kinds/moorage.ts';
import { type Cluster, until } from '../cluster/index.ts';
import { nothingLeaked, persistentVolumes, volumes, volumesOf } from './accounting.ts';
import { moorageCluster } from './moorage.ts';
import { claim, claimSpec, on, pod, podSpec, storageClass } from './objects.ts';
import { Playground } from './playground.ts';

const now = 'pods-now';

describe.skipIf(process.getuid?.() !== 0)('volumes of pods on two nodes', () => {
  let cluster: Cluster;
  let user: Playground;

  beforeAll(async () => {
    cluster = await moorageCluster();
    user = await Playground.open(cluster, 'pods-volumes');
    await user.makeGlobal(storageClass(now, { fsType: 'xfs' }));
    // The kubelet counts the bytes of new volumes once a minute: the last test looks.
    await user.make(
      claim('counted'),
      pod('counted', { claims: { '/data': 'counted' }, script: 'dd if=/dev/zero of=/data/x bs=1M count=8' }),
    );
  }, 900_000);

  beforeEach(() => user.clear('counted'));

  afterAll(async () => {
    const gone = await volumesOf(cluster, user.namespace);
    await user[Symbol.asyncDispose]();
    await nothingLeaked(cluster, gone);
  }, 200_000);

  it('are made at once, or where the first pod goes that wants them, and are all on its node', async () => {
    await user.make(claim('first', { storageClass: now }), claim('late'), claim('raw', { volumeMode: 'Block' }));
    await user.bound('first');
    expect(await user.field('pvc/late', '.status.phase')).toBe('Pending');

    await user.make(pod('several', { claims: { '/first': 'first', '/late': 'late' }, devices: { '/dev/raw': 'raw' } }));
    await user.ready('several');
    const node = await user.nodeOf('several');
    const names = await Promise.all(['first', 'late', 'raw'].map((name) => user.volumeOf(name)));
    const places = names.map((name) => user.field(`volume.moorage.dev/${name}`, '.status.placement.node'));
    expect(await Promise.all(places)).toEqual([node, node, node]);

    expect(await user.sh('several', "awk '$2 ~ /first|late/ { print $2, $3 }' /proc/mounts | sort")).toBe(
      '/first xfs\n/late ext4',
    );
    // A device is as large as was asked, and keeps what is written past any file system.
    await user.sh('several', 'echo marker | dd of=/dev/raw bs=4096 seek=76799 conv=sync');
    expect(await user.sh('several', 'dd if=/dev/raw bs=4096 skip=76799 | head -c 6')).toBe('marker');
    const beyond = 'dd if=/dev/zero of=/dev/raw bs=4096 seek=76800 count=1 2>&1 || true';
    expect(await user.sh('several', beyond)).toContain('No space left on device');
    await user.remove('pod/several');
  });

  it('keep a pod where they are: it comes back there with its data, and waits rather than go elsewhere', async () => {
    const template = { metadata: { name: 'data' }, spec: claimSpec() };
    const apart = { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'db' } } };
    const spec = { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [apart] } } };
    await user.make({
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'db' },
      spec: {
        replicas: 2,
        serviceName: 'db',
        podManagementPolicy: 'Parallel',
        selector: { matchLabels: { app: 'db' } },
        template: {
          metadata: { labels: { app: 'db' } },
          spec: podSpec({ volumes: {}, spec, script: 'hostname >> /data/starts', mounts: { '/data': 'data' } }),
        },
        volumeClaimTemplates: [template],
      },
    });
    await user.kubectl('wait', '--for=jsonpath={.status.readyReplicas}=2', 'statefulset/db', '--timeout=90s');
    const places = () => Promise.all([user.nodeOf('db-0'), user.nodeOf('db-1')]);
    const before = await places();
    expect(before.toSorted()).toEqual(['n1', 'n2']);

    await user.remove('pod/db-0', 'pod/db-1');
    await until('both are back', 60, async () => {
      expect(await user.sh('db-0', 'cat /data/starts')).toBe('db-0\ndb-0');
      expect(await user.sh('db-1', 'cat /data/starts')).toBe('db-1\ndb-1');
      return true;
    });
    expect(await places()).toEqual(before);

    const [, elsewhere = ''] = before;
    await user.make(pod('stranger', { claims: { '/data': 'data-db-0' }, spec: on(elsewhere) }));
    const { reason, message } = await user.said('stranger', /affinity/);
    expect({ reason, message }).toMatchObject({
      reason: 'FailedScheduling',
      message: expect.stringMatching(
        /0\/2 nodes are available: .*(volume node affinity|PersistentVolume's node affinity)/,
      ),
    });
    expect(await user.nodeOf('stranger')).toBe('');
    await user.remove('pod/stranger', 'statefulset/db');
  });

  it('can be made by hand, and outlive the claim', async () => {
    const name = `by-hand-${randomUUID().slice(0, 8)}`;
    const spec = { pool: 'n2', size: '300Mi' };
    await user.makeGlobal(
      { apiVersion: 'moorage.dev/v1alpha1', kind: 'Volume', metadata: { name }, spec },
      persistentVolume(name, { csi: { driver: driverName, volumeHandle: name } }, topologyKey, 'n2'),
    );
    await user.make(claim(name, { storageClass: '', volumeName: name }));
    await user.bound(name);
    await user.make(pod(name, { claims: { '/data': name }, script: 'echo kept >> /data/marker' }));
    await user.ready(name);
    expect(await user.nodeOf(name)).toBe('n2');

    await user.remove(`pod/${name}`, `pvc/${name}`);
    await user.kubectl('wait', '--for=jsonpath={.status.phase}=Released', `pv/${name}`, '--timeout=30s');
    expect(await user.field(`volume.moorage.dev/${name}`, '.status.phase')).toBe('Ready');

    // Who has looked at the data gives it to the next claim.
    await user.kubectl('patch', 'pv', name, '--type=json', '-p', '[{"op":"remove","path":"/spec/claimRef"}]');
    const again = `${name}-again`;
    await user.make(claim(again, { storageClass: '', volumeName: name }));
    await user.bound(again);
    await user.make(pod(again, { claims: { '/data': again } }));
    await user.ready(again);
    expect(await user.sh(again, 'cat /data/marker')).toBe('kept');
    await user.remove(`pod/${again}`, `pvc/${again}`);
  });

  it("follow a pod to the node of somebody else's local volume", async () => {
    const name = `local-${randomUUID().slice(0, 8)}`;
    await cluster.node('n2').exec('mkdir', `/var/lib/kubelet/${name}`);
    await user.makeGlobal(
      {
        ...storageClass(name, {}, 'WaitForFirstConsumer'),
        provisioner: 'kubernetes.io/no-provisioner',
        allowVolumeExpansion: false,
      },
      persistentVolume(
        name,
        { local: { path: `/var/lib/kubelet/${name}` }, storageClassName: name },
        'kubernetes.io/hostname',
        'n2',
      ),
    );
    await user.make(
      claim('theirs', { storageClass: name }),
      claim('ours'),
      pod('mixed', { claims: { '/theirs': 'theirs', '/ours': 'ours' }, script: 'echo here > /theirs/marker' }),
    );
    await user.ready('mixed');
    const ours = await user.volumeOf('ours');
    expect(await user.field(`volume.moorage.dev/${ours}`, '.status.placement.node')).toBe('n2');
    await user.remove('pod/mixed', 'pvc/theirs', 'pvc/ours');
    const { stdout } = await cluster.node('n2').exec('cat', `/var/lib/kubelet/${name}/marker`);
    expect(stdout).toBe('here\n');
    await cluster.node('n2').exec('rm', '-r', `/var/lib/kubelet/${name}`);
  });

  it('live and die with a pod, by a claim of its own or without one', async () => {
    const before = await volumesOf(cluster, user.namespace);
    await user.make(
      pod('brief', {
        volumes: {
          '/generic': { ephemeral: { volumeClaimTemplate: { spec: claimSpec() } } },
          '/inline': { csi: { driver: driverName, fsType: 'ext4', volumeAttributes: { size: '300Mi' } } },
        },
        script: 'echo a > /generic/a; echo b > /inline/b',
      }),
    );
    await user.ready('brief');
    expect(await user.sh('brief', 'cat /generic/a /inline/b')).toBe('a\nb');
    const own = (await volumesOf(cluster, user.namespace)).filter((name) => !before.includes(name));
    expect(own).toHaveLength(2);

    await user.remove('pod/brief');
    await until('both volumes are gone', 60, async () => {
      const left = (await volumes(cluster)).map(({ metadata }) => metadata.name);
      return own.every((name) => !left.includes(name));
    });
  });

  it('that are for one pod only are refused to a second, until the first is gone', async () => {
    await user.make(claim('sole', { accessMode: 'ReadWriteOncePod' }));
    await user.make(pod('holder', { claims: { '/data': 'sole' } }));
    await user.ready('holder');
    await user.make(pod('waiting', { claims: { '/data': 'sole' } }));
    const { reason } = await user.said('waiting', /ReadWriteOncePod/);
    expect(reason).toBe('FailedScheduling');
    await user.remove('pod/holder');
    await user.ready('waiting');
    await user.remove('pod/waiting');
  });

  it('belong to the group of the pod, can be seen in part, and can be for reading only', async () => {
    const securityContext = { runAsUser: 1000, runAsGroup: 3000, fsGroup: 2000 };
    const script = 'mkdir /data/part; echo inside > /data/part/file; echo outside > /data/file';
    await user.make(
      claim('shared'),
      pod('owner', { claims: { '/data': 'shared' }, script, spec: { securityContext } }),
    );
    await user.ready('owner');
    expect(await user.sh('owner', 'stat -c "%u %g" /data/part/file; stat -c %g /data')).toBe('1000 2000\n2000');

    const readOnly = { persistentVolumeClaim: { claimName: 'shared', readOnly: true } };
    await user.make(
      pod('part', { claims: { '/data': 'shared' }, mount: { subPath: 'part' } }),
      pod('reader', { volumes: { '/data': readOnly }, mount: { readOnly: true } }),
    );
    await user.ready('part', 'reader');
    expect(await user.sh('part', 'ls /data; cat /data/file')).toBe('file\ninside');
    expect(await user.sh('reader', 'cat /data/file')).toBe('outside');
    await expect(user.sh('reader', 'touch /data/other')).rejects.toThrow(/Read-only file system/);
    await user.remove('pod/owner', 'pod/part', 'pod/reader');
  });

  it('send a pod to the node that has room, and say once where there is none and why', async () => {
    const disk = `small-${randomUUID().slice(0, 8)}`;
    const parameters = { poolSelector: `disk=${disk}` };
    await user.makeGlobal(
      ...['n1', 'n2'].map((node) => pool(`${disk}-${node}`, node, disk)),
      storageClass(disk, parameters, 'WaitForFirstConsumer'),
      storageClass(`${disk}-now`, parameters),
    );
    const pools = ['n1', 'n2'].map((node) => `pool.moorage.dev/${disk}-${node}`);
    await user.kubectl('wait', '--for=jsonpath={.status.phase}=Ready', ...pools, '--timeout=60s');
    const largest = (node: string) => largestVolume(cluster, disk, node);
    await until('the scheduler may know what is free', 60, async () => ((await largest('n1')) ?? 0) > 600 * mebi);

    await user.make(claim('fill', { storageClass: disk, size: '600Mi' }));
    await user.make(pod('fill', { claims: { '/data': 'fill' }, spec: on('n1') }));
    await user.ready('fill');
    await until('n1 is known to be nearly full', 60, async () => ((await largest('n1')) ?? 0) < 500 * mebi);
    await user.make(claim('next', { storageClass: disk, size: '500Mi' }), pod('next', { claims: { '/data': 'next' } }));
    await user.ready('next');
    expect(await user.nodeOf('next')).toBe('n2');

    await until('n2 is known to be nearly full', 60, async () => ((await largest('n2')) ?? 0) < 500 * mebi);
    await user.make(
      claim('late-one', { storageClass: disk, size: '500Mi' }),
      pod('late-one', { claims: { '/data': 'late-one' } }),
      claim('now-one', { storageClass: `${disk}-now`, size: '500Mi' }),
    );
    const { message } = await user.said('late-one', /enough free storage/);
    expect(message).toMatch(/0\/2 nodes are available: 2 node\(s\) did not have enough free storage/);
    const refused = await user.said('now-one', /small-/);
    expect(refused).toMatchObject({ type: 'Warning', reason: 'ProvisioningFailed' });
    for (const node of ['n1', 'n2']) expect(refused.message).toMatch(new RegExp(`pool ${disk}-${node}.*Mi`));
    const unmet = await user.said('late-one', /^no node has room for 500Mi: n1 has .+, n2 has [^,]+$/);
    expect(unmet).toMatchObject({
      type: 'Warning',
      reason: 'NoRoomOnAnyNode',
      involvedObject: { kind: 'PersistentVolumeClaim', name: 'late-one' },
    });
    await new Promise((resolve) => setTimeout(resolve, 5000));
    const told = (await user.events('late-one')).filter(({ reason }) => reason === 'NoRoomOnAnyNode');
    expect(told.map(({ count = 1 }) => count)).toEqual([1]);
    const failures = (await user.events('now-one')).filter(({ reason }) => reason === 'ProvisioningFailed');
    expect(failures.map(({ count = 1 }) => count)).toEqual([1]);

    // Both are served as soon as there is room, without a word from anybody.
    await user.remove('pod/fill', 'pvc/fill', 'pod/next', 'pvc/next');
    await user.bound('now-one');
    await user.ready('late-one');
    await user.remove('pod/late-one', 'pvc/late-one', 'pvc/now-one');
    await until('the pools are empty', 60, async () => {
      const all = await persistentVolumes(cluster);
      return all.every(({ spec }) => !spec.claimRef?.name.match(/^(fill|next|late-one|now-one)$/));
    });
  });

  it('go with their namespace, whatever is in it', async () => {
    const other = await Playground.open(cluster, 'pods-doomed');
    await other.make(
      claim('data'),
      claim('unused', { storageClass: now }),
      claim('raw', { volumeMode: 'Block' }),
      pod('one', { claims: { '/data': 'data' }, devices: { '/dev/raw': 'raw' } }),
      pod('two', { volumes: { '/x': { ephemeral: { volumeClaimTemplate: { spec: claimSpec() } } } } }),
      pod('three', { volumes: { '/x': { csi: { driver: driverName, volumeAttributes: { size: '300Mi' } } } } }),
    );
    await other.ready('one', 'two', 'three');
    await other.bound('unused');
    await other.make({
      apiVersion: 'snapshot.storage.k8s.io/v1',
      kind: 'VolumeSnapshot',
      metadata: { name: 'data' },
      spec: { source: { persistentVolumeClaimName: 'data' } },
    });
    await other.kubectl('wait', '--for=jsonpath={.status.readyToUse}=true', 'volumesnapshot/data', '--timeout=60s');
    const all = await volumesOf(cluster, other.namespace);
    expect(all).toHaveLength(5);
    const contents = () => cluster.kubectl(['get', 'volumesnapshotcontents,snapshots.moorage.dev', '-o', 'json']);
    expect(await contents()).toContain(other.namespace);

    await other.kubectl('delete', 'namespace', other.namespace, '--timeout=90s');
    await nothingLeaked(cluster, all);
    await until('its snapshots are gone', 30, async () => !(await contents()).includes(other.namespace));
  });

  it("have their bytes in the kubelet's statistics", async () => {
    const node = await user.nodeOf('counted');
    const counted = await until('the kubelet has counted', 120, async () => {
      const text = await cluster.kubectl(['get', '--raw', `/api/v1/nodes/${node}/proxy/stats/summary`]);
      const { pods } = statistics.parse(JSON.parse(text));
      return pods.flatMap(({ volume }) => volume).find(({ pvcRef }) => pvcRef?.name === 'counted');
    });
    expect(counted.capacityBytes).toBeGreaterThan(250 * mebi);
    expect(counted.usedBytes).toBeGreaterThanOrEqual(8 * mebi);
    expect(counted.inodes).toBeGreaterThan(0);
    const metrics = await cluster.kubectl(['get', '--raw', `/api/v1/nodes/${node}/proxy/metrics`]);
    expect(metrics).toMatch(
      /kubelet_volume_stats_used_bytes\{namespace="pods-volumes",persistentvolumeclaim="counted"\}/,
    );
  });
});

const mebi = 2 ** 20;

const statistics = z.object({
  pods: z.array(
    z.object({
      volume: z
        .array(
          z.object({
            pvcRef: z.object({ name: z.string() }).optional(),
            capacityBytes: z.number().optional(),
            usedBytes: z.number().optional(),
            inodes: z.number().optional(),
          }),
        )
        .default([]),
    }),
  ),
});

/** A volume made by hand, which only one node has. */
function persistentVolume(name: string, source: object, key: string, node: string): object {
  const nodeSelectorTerms = [{ matchExpressions: [{ key, operator: 'In', values: [node] }] }];
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name },
    spec: {
      capacity: { storage: '300Mi' },
      accessModes: ['ReadWriteOnce'],
      persistentVolumeReclaimPolicy: 'Retain',
      nodeAffinity: { required: { nodeSelectorTerms } },
      ...source,
    },
  };
}

/** A pool of a gigabyte, with the label of a kind of disk. */
function pool(name: string, node: string, disk: string): object {
  const metadata = { name, labels: { disk } };
  return { apiVersion: 'moorage.dev/v1alpha1', kind: 'Pool', metadata, spec: { node, size: '1Gi' } };
}

const capacities = z.object({
  items: z.array(
    z.object({
      storageClassName: z.string(),
      maximumVolumeSize: z.string().optional(),
      nodeTopology: z.object({ matchLabels: z.record(z.string(), z.string()).optional() }).optional(),
    }),
  ),
});

/** Bytes of the largest volume of a class that a node can have, as the scheduler is told. */
async function largestVolume(cluster: Cluster, name: string, node: string): Promise<number | undefined> {
  const list = await cluster.kubectl(['get', 'csistoragecapacities', '-A', '-o', 'json']);
  const found = capacities
    .parse(JSON.parse(list))
    .items.find((it) => it.storageClassName === name && it.nodeTopology?.matchLabels?.[topologyKey] === node);
  if (found?.maximumVolumeSize === undefined) return undefined;
  const [, number, unit = ''] = /^(\d+)(\D*)$/.exec(found.maximumVolumeSize) ?? [];
  return Number(number) * 1024 ** ['', 'Ki', 'Mi', 'Gi', 'Ti'].indexOf(unit);
}
