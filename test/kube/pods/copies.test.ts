import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cluster, until } from '../cluster/index.ts';
import { nothingLeaked, volumesOf } from './accounting.ts';
import { moorageCluster } from './moorage.ts';
import { claim, pod, snapshot, storageClass } from './objects.ts';
import { Playground } from './playground.ts';

const xfs = 'pods-xfs';
const write = 'head -c 16777216 /dev/urandom > /data/blob; sha256sum /data/blob > /data/sum; sync';

describe.skipIf(process.getuid?.() !== 0)('growth and copies of volumes that pods use', () => {
  let cluster: Cluster;
  let user: Playground;
  let sum: string;

  const free = async (name: string) => Number(await user.sh(name, "df -m /data | awk 'END { print $2 }'"));

  beforeAll(async () => {
    cluster = await moorageCluster();
    user = await Playground.open(cluster, 'pods-copies');
    await user.makeGlobal(storageClass(xfs, { fsType: 'xfs' }));
    await user.make(claim('data', { storageClass: xfs }), claim('growing', { storageClass: xfs }));
    await user.bound('data', 'growing');
    await user.make(pod('writer', { claims: { '/data': 'data' }, script: write }));
    await user.ready('writer');
    sum = await user.sh('writer', 'cat /data/sum');
    // A kubelet may take a minute to see that a volume has grown: the last test looks.
    await user.make(pod('growing', { claims: { '/data': 'growing' }, script: write }));
    await user.ready('growing');
    expect(await free('growing')).toBeLessThan(320);
    await user.sh('growing', '(while :; do date >> /data/log; sleep 0.2; done) > /dev/null 2>&1 &');
    const wish = { spec: { resources: { requests: { storage: '600Mi' } } } };
    await user.kubectl('patch', 'pvc', 'growing', '-p', JSON.stringify(wish));
  }, 900_000);

  afterAll(async () => {
    const gone = await volumesOf(cluster, user.namespace);
    await user[Symbol.asyncDispose]();
    await nothingLeaked(cluster, gone);
  }, 200_000);

  it('become what they were, in a larger claim, from a snapshot', async () => {
    await user.make(snapshot('before', 'data'));
    await user.kubectl('wait', '--for=jsonpath={.status.readyToUse}=true', 'volumesnapshot/before', '--timeout=60s');
    expect(await user.field('volumesnapshot/before', '.status.restoreSize')).toBe('300Mi');
    await user.sh('writer', 'echo spoilt > /data/blob; sync');

    const from = { kind: 'VolumeSnapshot', name: 'before' } as const;
    await user.make(claim('restored', { storageClass: xfs, size: '900Mi', from }));
    await user.bound('restored');
    await user.make(pod('restored', { claims: { '/data': 'restored' } }));
    await user.ready('restored');
    expect(await user.sh('restored', 'sha256sum -c /data/sum')).toBe('/data/blob: OK');
    expect(await user.sh('restored', 'cat /data/sum')).toBe(sum);
    expect(await free('restored')).toBeGreaterThan(750);
    expect(await user.nodeOf('restored'), 'a local copy is where the source is').toBe(await user.nodeOf('writer'));
  });

  it('are copied while they are in use, and then go their own ways', async () => {
    const from = { kind: 'PersistentVolumeClaim', name: 'restored' } as const;
    await user.make(claim('clone', { storageClass: xfs, size: '900Mi', from }));
    await user.bound('clone');
    await user.make(pod('clone', { claims: { '/data': 'clone' } }));
    await user.ready('clone');
    expect(await user.sh('clone', 'sha256sum -c /data/sum')).toBe('/data/blob: OK');
    await user.sh('clone', 'rm /data/blob; echo mine > /data/mine; sync');
    expect(await user.sh('restored', 'sha256sum -c /data/sum; ls /data/mine 2>&1 || true')).toMatch(
      /OK\n.*No such file/,
    );

    // The clone needs neither what it was made from, nor its pod.
    await user.remove('pod/restored', 'pvc/restored', 'volumesnapshot/before');
    expect(await user.sh('clone', 'cat /data/mine')).toBe('mine');
  });

  it('are refused where they are smaller than their source, by an event that says so', async () => {
    const from = { kind: 'PersistentVolumeClaim', name: 'clone' } as const;
    await user.make(claim('shrunk', { storageClass: xfs, size: '300Mi', from }));
    const { reason, message } = await user.said('shrunk', /is less than the size/);
    expect(reason).toBe('ProvisioningFailed');
    expect(message).toMatch(/314572800 is less than the size 943718400 of the source claim clone/);
    await user.remove('pvc/shrunk');
  });

  it('grow while a pod writes, which notices nothing but the room', async () => {
    await user.kubectl('wait', '--for=jsonpath={.status.capacity.storage}=600Mi', 'pvc/growing', '--timeout=110s');
    expect(await free('growing')).toBeGreaterThan(500);
    expect(await user.sh('growing', 'sha256sum -c /data/sum')).toBe('/data/blob: OK');
    expect(await user.field('pod/growing', '.status.containerStatuses[0].restartCount')).toBe('0');
    expect(await user.field('pvc/growing', '.status.conditions')).toBe('');
    const volume = await user.volumeOf('growing');
    expect(await user.field(`pv/${volume}`, '.spec.capacity.storage')).toBe('600Mi');
    const lines = async () => Number(await user.sh('growing', 'wc -l < /data/log'));
    const before = await lines();
    await until('the writer goes on', 10, async () => (await lines()) > before);
  });
});
