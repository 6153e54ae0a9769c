import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Cluster, until } from '../cluster/index.ts';
import { nothingLeaked, persistentVolumes, volumesOf } from './accounting.ts';
import { aMoment, freshMoorage, healthy, kill, killAgain, killPod } from './casualties.ts';
import { moorageCluster } from './moorage.ts';
import { claim, pod, snapshot, storageClass } from './objects.ts';
import { Playground } from './playground.ts';
import { holds, sums, witness, witnessPod } from './witnesses.ts';

const now = 'pods-luck';
const late = 'pods-luck-late';
const nodes = ['n1', 'n2'] as const;

// What a test does takes a minute at most, but a busy machine may need more.
describe.skipIf(process.getuid?.() !== 0)('bad luck', { timeout: 400_000 }, () => {
  let cluster: Cluster;
  let user: Playground;
  let oldest: ReadonlyMap<string, string>;

  beforeAll(async () => {
    cluster = await moorageCluster();
    user = await Playground.open(cluster, 'pods-luck');
    await user.makeGlobal(
      storageClass(now, { fsType: 'xfs' }),
      storageClass(late, { fsType: 'xfs' }, 'WaitForFirstConsumer'),
    );
    await user.make(...nodes.flatMap((node) => witness(`old-${node}`, node)));
    const names = nodes.map((node) => `old-${node}`);
    await user.ready(...names);
    oldest = await sums(user, names);
  }, 900_000);

  beforeEach(() => user.clear(...oldest.keys()));

  // Whatever happened: all is well again, those who were there all along have their data, and nothing is left over.
  afterEach(async () => {
    await healthy(cluster);
    await holds(user, oldest);
    const gone = deleted.splice(0);
    await nothingLeaked(cluster, gone);
  }, 300_000);

  afterAll(async () => {
    const gone = await volumesOf(cluster, user.namespace);
    await user[Symbol.asyncDispose]();
    await freshMoorage(cluster);
    await nothingLeaked(cluster, gone);
  }, 300_000);

  const deleted: string[] = [];

  /** Deletes pods and their claims, and notes the volumes, of which nothing may be left at the end of the test. */
  const forget = async (...names: string[]) => {
    deleted.push(...(await Promise.all(names.map((name) => user.volumeOf(name)))));
    await user.kubectl('delete', ...names.flatMap((name) => [`pod/${name}`, `pvc/${name}`]), '--ignore-not-found');
  };

  it('kills a pod: it goes on with its data', async () => {
    await killPod(cluster.node('n1'), await user.field('pod/old-n1', '.metadata.uid'));
    await until('it was started again', 60, async () => (await user.sh('old-n1', 'wc -l < /data/starts')) === '2');
  });

  it('kills the kubelet while a pod starts and another ends', async () => {
    await user.make(...witness('ends', 'n1'));
    await user.ready('ends');
    deleted.push(await user.volumeOf('ends'));
    await user.make(...witness('starts', 'n1'));
    await user.kubectl('delete', 'pod/ends', 'pvc/ends', '--wait=false');
    await aMoment(1000);
    await cluster.node('n1').restartKubelet();
    await user.ready('starts');
    await user.kubectl('wait', '--for=delete', 'pod/ends', 'pvc/ends', '--timeout=90s');
    await forget('starts');
  });

  it.each(nodes)('kills the agent of %s, again and again, while pods with volumes come and go there', async (node) => {
    const machine = cluster.node(node);
    const names = ['a', 'b', 'c'].map((name) => `${name}-${node}`);
    await user.make(...names.flatMap((name) => witness(name, node)));
    await aMoment(1500);
    await kill(machine, 'agent');
    await killAgain(machine, 'agent');
    await user.ready(...names);
    const before = await sums(user, names);

    // Their volumes are let go, and taken again.
    await user.kubectl('delete', '--wait=false', ...names.map((name) => `pod/${name}`));
    await aMoment(1500);
    await killAgain(machine, 'agent');
    await user.kubectl('wait', '--for=delete', ...names.map((name) => `pod/${name}`), '--timeout=90s');
    await user.make(...names.map((name) => witnessPod(name, node)));
    await holds(user, before);

    // And in the middle of the end, there is an end to the agent.
    await user.make(pod('inline', { volumes: { '/x': { csi: inline } }, spec: { nodeName: node } }));
    await user.ready('inline');
    deleted.push(...(await volumesOf(cluster, user.namespace)).filter((name) => name.startsWith('csi-')));
    const end = Promise.all([forget(...names), user.remove('pod/inline')]);
    await aMoment(1500);
    await killAgain(machine, 'agent');
    await end;
  });

  it('kills both controllers, twice, in a burst of claims, snapshots, copies and growth', async () => {
    const burst = Array.from({ length: 12 }, (_, number) => `burst-${number}`);
    const killAll = () => Promise.all(nodes.map((node) => kill(cluster.node(node), 'controller')));
    await user.make(claim('source', { storageClass: now }), claim('grown', { storageClass: now }));
    await user.bound('source', 'grown');
    await user.make(pod('source', { claims: { '/data': 'source', '/grown': 'grown' } }));
    await user.ready('source');
    await user.sh('source', 'echo original > /data/marker; sync');

    const copies = ['snap-1', 'snap-2'];
    await user.make(
      ...burst.map((name) => claim(name, { storageClass: now })),
      ...copies.map((name) => snapshot(name, 'source')),
      ...copies.map((name) => claim(name, { storageClass: now, from: { kind: 'VolumeSnapshot', name } })),
      claim('clone', { storageClass: now, from: { kind: 'PersistentVolumeClaim', name: 'source' } }),
    );
    await aMoment(1000);
    expect((await killAll()).some((count) => count > 0)).toBe(true);
    const wish = JSON.stringify({ spec: { resources: { requests: { storage: '400Mi' } } } });
    await user.kubectl('patch', 'pvc', 'grown', '-p', wish);
    await Promise.all(nodes.map((node) => killAgain(cluster.node(node), 'controller')));

    await user.bound(...burst, ...copies, 'clone');
    await until('the volume has grown', 90, async () => {
      // A kubelet looks at its volumes once a minute, and when something about their pod has changed.
      await user.kubectl('annotate', '--overwrite', 'pod/source', `look=${Date.now()}`);
      await new Promise((resolve) => setTimeout(resolve, 2000));
      return (await user.field('pvc/grown', '.status.capacity.storage')) === '400Mi';
    });
    await user.make(pod('reader', { claims: { '/a': 'snap-1', '/b': 'snap-2', '/c': 'clone' } }));
    await user.ready('reader');
    expect(await user.sh('reader', 'cat /a/marker /b/marker /c/marker')).toBe('original\noriginal\noriginal');
    const mine = (await persistentVolumes(cluster)).filter(({ spec }) => spec.claimRef?.namespace === user.namespace);
    const claims = (await user.kubectl('get', 'pvc', '-o', 'name')).split('\n');
    expect(mine, 'one volume each').toHaveLength(claims.length);

    // The deletions are cut off, too.
    const names = [...burst, ...copies, 'clone', 'source', 'grown'];
    deleted.push(...(await Promise.all(names.map((name) => user.volumeOf(name)))));
    const all = names.map((name) => `pvc/${name}`);
    const snaps = copies.map((name) => `volumesnapshot/${name}`);
    await user.kubectl('delete', '--wait=false', 'pod/reader', 'pod/source', ...snaps, ...all);
    await aMoment(1000);
    await Promise.all(nodes.map((node) => killAgain(cluster.node(node), 'controller')));
    await user.kubectl('wait', '--for=delete', ...snaps, ...all, '--timeout=120s');
    await until('no snapshot is left', 60, async () => {
      const left = await cluster.kubectl(['get', 'volumesnapshotcontents,snapshots.moorage.dev', '-o', 'json']);
      return !left.includes(`"${user.namespace}"`) && !deleted.some((name) => left.includes(name));
    });
  });

  it('kills an agent, twice, while its volumes grow and are copied', async () => {
    const machine = cluster.node('n1');
    const names = ['grows-1', 'grows-2', 'grows-3'];
    await user.make(...names.flatMap((name) => witness(name, 'n1', late)));
    await user.ready(...names);
    const before = await sums(user, names);
    const copies = names.flatMap((name) => [
      { name: `clone-of-${name}`, of: name, from: { kind: 'PersistentVolumeClaim', name } as const },
      { name: `restored-${name}`, of: name, from: { kind: 'VolumeSnapshot', name } as const },
    ]);

    const wish = JSON.stringify({ spec: { resources: { requests: { storage: '600Mi' } } } });
    await Promise.all(names.map((name) => user.kubectl('patch', 'pvc', name, '-p', wish)));
    await user.make(
      ...names.map((name) => snapshot(name, name)),
      ...copies.flatMap(({ name, from }) => [
        claim(name, { storageClass: late, size: '600Mi', from }),
        witnessPod(name, 'n1'),
      ]),
    );
    await aMoment(2000);
    await killAgain(machine, 'agent');
    await aMoment(2000);
    await killAgain(machine, 'agent');

    const grown = names.map((name) => `pvc/${name}`);
    await user.kubectl('wait', '--for=jsonpath={.status.capacity.storage}=600Mi', ...grown, '--timeout=150s');
    await holds(user, before);
    // Copies were made of what their source had been, and are as large as they were asked for.
    await holds(user, new Map(copies.map(({ name, of }) => [name, before.get(of) ?? ''])));
    for (const name of [...names, ...copies.map(({ name }) => name)]) {
      expect(Number(await user.sh(name, "df -m /data | awk 'END { print $2 }'")), name).toBeGreaterThan(500);
    }
    await user.remove(...names.map((name) => `volumesnapshot/${name}`));
    await forget(...names, ...copies.map(({ name }) => name));
  });

  it('takes the API server away while a pod ends: the others notice nothing', async () => {
    await freshMoorage(cluster);
    await user.make(...witness('leaving', 'n2'), claim('waiting', { storageClass: now }));
    await user.ready('leaving');
    await user.bound('waiting');
    deleted.push(await user.volumeOf('leaving'), await user.volumeOf('waiting'));
    const starts = () => user.sh('old-n2', 'wc -l < /data/starts');
    const before = await starts();
    await user.kubectl('delete', '--wait=false', 'pod/leaving', 'pvc/leaving', 'pvc/waiting');
    await cluster.stopApiServer('SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 20_000));
    await cluster.startApiServer();

    await user.kubectl('wait', '--for=delete', 'pod/leaving', 'pvc/leaving', 'pvc/waiting', '--timeout=90s');
    expect(await starts()).toBe(before);
    await user.make(...witness('coming', 'n2'));
    await user.ready('coming');
    await forget('coming');
  });

  it('turns a node off and on: its volumes are found again, with their data', async () => {
    const node = cluster.node('n2');
    const restarts = async () => Number(await user.field('pod/old-n2', '.status.containerStatuses[0].restartCount'));
    const before = await restarts();
    // One pod more than the node ever told anybody about: its volume is being made, or staged, or neither.
    await user.make(...witness('interrupted', 'n2'));
    await aMoment(1500);
    await node.powerOff();
    await node.powerOn();
    await until('the pod was started again', 120, async () => (await restarts()) > before);
    await user.ready('interrupted');
    await forget('interrupted');
  });
});

const inline = { driver: 'csi.moorage.dev', volumeAttributes: { size: '300Mi' } };
