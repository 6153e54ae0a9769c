import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { volumes } from '../../../src/model/kinds/index.ts';
import { until } from '../cluster/index.ts';
import { claim, claimSpec, pod, podSpec } from '../support/objects.ts';
import { classes, World } from '../support/world.ts';

describe.skipIf(process.getuid?.() !== 0).concurrent('claims of pods', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.open();
  }, 900_000);
  afterAll(() => world?.[Symbol.asyncDispose]());

  it('Immediate: the volume is there before any pod, and pods go where it is', async () => {
    const place = await world.place('claims-immediate');
    await place.apply(claim('data', classes.immediate, '64Mi'));
    const volume = await world.bound(place, 'data');

    await place.apply(pod({ name: 'first', claims: { '/data': 'data' }, script: 'echo kept > /data/file' }));
    expect((await place.ready('first')).spec.nodeName).toBe(world.nodeOf(volume));

    await place.deletePods('first');
    await place.apply(pod({ name: 'second', claims: { '/data': 'data' } }));
    await place.ready('second');
    expect(await place.sh('second', 'cat /data/file')).toBe('kept');
  });

  it('WaitForFirstConsumer: the volume is made on the node that the scheduler chose', async () => {
    const place = await world.place('claims-wait');
    await place.apply(claim('on-n1', classes.wait, '64Mi'), claim('on-n2', classes.wait, '64Mi'));
    expect(place.claim('on-n1')?.status?.phase).not.toBe('Bound');
    await place.apply(
      pod({ name: 'one', node: 'n1', claims: { '/data': 'on-n1' } }),
      pod({ name: 'two', node: 'n2', claims: { '/data': 'on-n2' } }),
    );
    await Promise.all([place.ready('one'), place.ready('two')]);
    expect(world.nodeOf(await world.bound(place, 'on-n1'))).toBe('n1');
    expect(world.nodeOf(await world.bound(place, 'on-n2'))).toBe('n2');
  });

  it('a pod has several volumes, all on its node', async () => {
    const place = await world.place('claims-several');
    const names = ['a', 'b', 'c', 'd'];
    await place.apply(
      ...names.map((name) => claim(name, classes.wait, '32Mi')),
      pod({ name: 'pod', claims: Object.fromEntries(names.map((name) => [`/volumes/${name}`, name])) }),
    );
    const { nodeName } = (await place.ready('pod')).spec;
    const bound = await Promise.all(names.map((name) => world.bound(place, name)));
    expect(bound.map((volume) => world.nodeOf(volume))).toEqual(names.map(() => nodeName));
    const mounts = await place.sh('pod', 'grep -c " /volumes/. " /proc/mounts');
    expect(mounts).toBe(`${names.length}`);
  });

  it('a StatefulSet makes one claim for each pod, and a pod that comes back finds its own', async () => {
    const place = await world.place('claims-stateful');
    const labels = { app: 'store' };
    const script = 'test -e /data/who || hostname > /data/who';
    await place.apply({
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'store' },
      spec: {
        serviceName: 'store',
        replicas: 3,
        podManagementPolicy: 'Parallel',
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: podSpec({ script, templates: { '/data': 'data' } }) },
        volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: claimSpec(classes.wait, '64Mi') }],
      },
    });
    const names = ['store-0', 'store-1', 'store-2'];
    const uids = (await Promise.all(names.map((name) => place.ready(name)))).map(({ metadata }) => metadata.uid);
    await place.kubectl('delete', 'pod', '-l', 'app=store', '--wait=true');
    await until('there are other pods', 60, async () => {
      return names.every((name, index) => place.pod(name) && place.pod(name)?.metadata.uid !== uids[index]);
    });
    for (const name of names) {
      await place.ready(name);
      expect(await place.sh(name, 'cat /data/who')).toBe(name);
    }
  });

  it('a generic ephemeral volume comes and goes with its pod', async () => {
    const place = await world.place('claims-generic');
    const ephemeral = { volumeClaimTemplate: { spec: claimSpec(classes.wait, '64Mi') } };
    await place.apply(pod({ name: 'pod', volumes: { '/scratch': { ephemeral } }, script: 'echo x > /scratch/file' }));
    await place.ready('pod');
    const [name = ''] = (await place.kubectl('get', 'pvc', '-o', 'name')).trim().replace(/.*\//, '').split('\n');
    const volume = await world.bound(place, name);
    await place.deletePods('pod');
    await until(
      'its volume is gone',
      60,
      async () => !(await world.leftovers()).volumes.includes(volume.metadata.name),
    );
  });

  it('a CSI ephemeral volume is written into the pod, has the size that it says, and goes with the pod', async () => {
    const place = await world.place('claims-inline');
    const csi = { driver: 'csi.moorage.dev', volumeAttributes: { size: '48Mi' } };
    await place.apply(pod({ name: 'pod', volumes: { '/scratch': { csi } }, script: 'echo x > /scratch/file' }));
    const { spec } = await place.ready('pod');
    const size = Number(await place.sh('pod', "df -k /scratch | awk 'NR == 2 { print $2 }'"));
    expect(size).toBeGreaterThan(30 * 1024);
    expect(size).toBeLessThanOrEqual(48 * 1024);
    const inline = async () =>
      (await world.api.list(volumes)).items.filter(({ metadata }) => metadata.name.startsWith('inline'));
    expect((await inline()).map(({ status }) => status?.placement?.node)).toContain(spec.nodeName);
    await place.deletePods('pod');
    await until('its volume is gone', 60, async () => (await inline()).length === 0);
  });

  it('ReadWriteOncePod: a second pod waits for the first to go', async () => {
    const place = await world.place('claims-one-pod');
    await place.apply(
      claim('data', classes.wait, '64Mi', { accessModes: ['ReadWriteOncePod'] }),
      pod({ name: 'first', claims: { '/data': 'data' } }),
    );
    await place.ready('first');
    await place.apply(pod({ name: 'second', claims: { '/data': 'data' } }));
    expect(await place.unschedulable('second')).toContain('ReadWriteOncePod');
    await place.deletePods('first');
    await place.ready('second');
  });

  it('a namespace is deleted with everything that is in it', async () => {
    const place = await world.place('claims-namespace');
    const ephemeral = { volumeClaimTemplate: { spec: claimSpec(classes.wait, '32Mi') } };
    const snapshotOf = { source: { persistentVolumeClaimName: 'data' }, volumeSnapshotClassName: classes.snapshots };
    await place.apply(
      claim('data', classes.immediate, '64Mi'),
      claim('never-used', classes.wait, '64Mi'),
      pod({ name: 'pod', claims: { '/data': 'data' }, volumes: { '/scratch': { ephemeral } } }),
      {
        apiVersion: 'snapshot.storage.k8s.io/v1',
        kind: 'VolumeSnapshot',
        metadata: { name: 'snap' },
        spec: snapshotOf,
      },
    );
    await place.ready('pod');
    const handles = (await world.leftovers()).persistentVolumes;
    const mine = handles.filter((name) => world.namespaceOf(name) === place.name);
    expect(mine).toHaveLength(2);
    await place[Symbol.asyncDispose]();
    await until('its volumes are gone', 60, async () => {
      const { volumes, persistentVolumes } = await world.leftovers();
      return ![...volumes, ...persistentVolumes].some((name) => mine.includes(name));
    });
  });
});
