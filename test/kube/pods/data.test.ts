import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../cluster/index.ts';
import { claim, pod, snapshot } from '../support/objects.ts';
import type { Place } from '../support/place.ts';
import { classes, World } from '../support/world.ts';

const MiB = 1024;

describe.skipIf(process.getuid?.() !== 0).concurrent('what pods find in their volumes', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.open();
  }, 900_000);
  afterAll(() => world?.[Symbol.asyncDispose]());

  it('XFS grows under a running pod', async () => {
    const place = await world.place('data-growth');
    await place.apply(claim('data', classes.xfs, '320Mi'), pod({ name: 'pod', claims: { '/data': 'data' } }));
    const { metadata } = await place.ready('pod');
    expect(await kibibytes(place, 'pod', '/data')).toBeLessThan(320 * MiB);
    await grow(place, 'data', '640Mi');
    await until('the pod sees it', 60, async () => (await kibibytes(place, 'pod', '/data')) > 500 * MiB);
    await until('the claim says it', 30, async () => place.claim('data')?.status?.capacity?.['storage'] === '640Mi');
    expect(place.pod('pod')?.metadata.uid).toBe(metadata.uid);
    expect(place.claim('data')?.status?.conditions ?? []).toEqual([]);
  });

  it('ext4 has grown at the latest when the next pod starts', async () => {
    const place = await world.place('data-growth-ext4');
    await place.apply(claim('data', classes.wait, '64Mi'), pod({ name: 'pod', claims: { '/data': 'data' } }));
    await place.ready('pod');
    await grow(place, 'data', '256Mi');
    const size = () => place.claim('data')?.status;
    // Where the kernel lets ext4 grow while it is mounted, the condition is never there.
    await until('it grew, or waits for the next pod', 60, async () => {
      const waits = size()?.conditions?.some(({ type }) => type === 'FileSystemResizePending');
      return waits || size()?.capacity?.['storage'] === '256Mi';
    });
    await place.deletePods('pod');
    await place.apply(pod({ name: 'next', claims: { '/data': 'data' } }));
    await place.ready('next');
    expect(await kibibytes(place, 'next', '/data')).toBeGreaterThan(200 * MiB);
    await until('the claim says it', 60, async () => size()?.capacity?.['storage'] === '256Mi');
  });

  it('a snapshot keeps a moment, and a claim is restored from it; a clone has what there is now', async () => {
    const place = await world.place('data-copies');
    await place.apply(
      claim('data', classes.wait, '64Mi'),
      pod({ name: 'pod', claims: { '/data': 'data' }, script: 'echo before > /data/file && sync' }),
    );
    await place.ready('pod');
    await place.apply(snapshot('moment', 'data', classes.snapshots));
    await place.kubectl('wait', 'volumesnapshot/moment', '--for=jsonpath={.status.readyToUse}=true', '--timeout=60s');
    await place.sh('pod', 'echo after > /data/file && sync');

    const fromSnapshot = { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 'moment' };
    await place.apply(
      claim('restored', classes.wait, '96Mi', { dataSource: fromSnapshot }),
      claim('cloned', classes.wait, '64Mi', { dataSource: { kind: 'PersistentVolumeClaim', name: 'data' } }),
      pod({ name: 'reader', claims: { '/restored': 'restored', '/cloned': 'cloned', '/data': 'data' } }),
    );
    const { spec } = await place.ready('reader');
    expect(spec.nodeName, 'copies are where their source is').toBe(place.pod('pod')?.spec.nodeName);
    expect(await place.sh('reader', 'cat /restored/file /cloned/file /data/file')).toBe('before\nafter\nafter');
    expect(await kibibytes(place, 'reader', '/restored'), 'it was asked for larger').toBeGreaterThan(80 * MiB);
  });

  it('a raw block volume is a device, which grows too', async () => {
    const place = await world.place('data-block');
    await place.apply(
      claim('raw', classes.wait, '32Mi', { volumeMode: 'Block' }),
      pod({ name: 'pod', devices: { '/dev/raw': 'raw' }, script: 'printf kept | dd of=/dev/raw bs=512 conv=sync' }),
    );
    await place.ready('pod');
    expect(await place.sh('pod', 'test -b /dev/raw && head -c 4 /dev/raw')).toBe('kept');
    await grow(place, 'raw', '48Mi');
    const bytes = async () => Number(await place.sh('pod', 'wc -c < /dev/raw'));
    await until('the device has grown', 60, async () => (await bytes()) === 48 * 1024 * 1024);
  });

  it('fsGroup, subPath and read-only do what they say', async () => {
    const place = await world.place('data-access');
    const spec = { securityContext: { runAsUser: 1000, runAsGroup: 3000, fsGroup: 2000 } };
    await place.apply(
      claim('data', classes.wait, '64Mi'),
      pod({
        name: 'writer',
        claims: { '/data': 'data' },
        spec,
        script: 'mkdir /data/part && echo x > /data/part/file',
      }),
    );
    await place.ready('writer');
    expect(await place.sh('writer', 'stat -c %g /data/part/file')).toBe('2000');

    await place.apply(
      pod({ name: 'part', claims: { '/part': 'data' }, mounts: { '/part': { subPath: 'part' } } }),
      pod({ name: 'reader', claims: { '/data': 'data' }, mounts: { '/data': { readOnly: true } } }),
    );
    await Promise.all([place.ready('part'), place.ready('reader')]);
    expect(await place.sh('part', 'ls /part')).toBe('file');
    expect(await place.sh('reader', 'cat /data/part/file; echo y > /data/other || echo refused')).toBe('x\nrefused');
  });

  it("the kubelet's metrics say how full a volume is", async () => {
    const place = await world.place('data-statistics');
    await place.apply(
      claim('data', classes.wait, '64Mi'),
      pod({ name: 'pod', claims: { '/data': 'data' }, script: 'dd if=/dev/zero of=/data/file bs=1M count=20' }),
    );
    const { spec } = await place.ready('pod');
    const metrics = () => world.cluster.kubectl(['get', '--raw', `/api/v1/nodes/${spec.nodeName}/proxy/metrics`]);
    const read = (text: string, name: string) => {
      const line = text
        .split('\n')
        .find((it) => it.startsWith(`kubelet_volume_stats_${name}{`) && it.includes(place.name));
      return line && Number(line.split(' ').at(-1));
    };
    // The kubelet looks once a minute.
    const used = await until('the volume is among the metrics', 120, async () => read(await metrics(), 'used_bytes'));
    expect(used).toBeGreaterThan(20 << 20);
    expect(read(await metrics(), 'capacity_bytes')).toBeLessThanOrEqual(64 << 20);
  });
});

/** The size of the file system at a path in a pod. */
async function kibibytes(place: Place, pod: string, path: string): Promise<number> {
  return Number(await place.sh(pod, `df -k ${path} | awk 'NR == 2 { print $2 }'`));
}

async function grow(place: Place, name: string, size: string): Promise<void> {
  await place.kubectl(
    'patch',
    'pvc',
    name,
    '-p',
    JSON.stringify({ spec: { resources: { requests: { storage: size } } } }),
  );
}
