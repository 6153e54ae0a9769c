import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { VolumeCapability_AccessMode_Mode as Mode } from '../../src/csi/protocol/csi_pb.ts';
import { exec } from '../../src/lib/exec.ts';
import { volumes } from '../../src/model/kinds/moorage.ts';
import { unmount } from '../../src/node/mount.ts';
import { readMounts } from '../../src/node/mountinfo.ts';
import { makeScratch } from '../engines/local-scratch.ts';
import { type Call, interposed } from '../support/interposed-api.ts';
import { leftovers } from '../support/leftovers.ts';
import { type Agent, type Cluster, makePool, openAgent, openCluster } from '../volumes/cluster-rig.ts';
import { until, volume } from '../volumes/volumes-rig.ts';

/** As the kubelet names them. */
const idOf = (pod: string) => `csi-${Buffer.from(pod).toString('hex').padEnd(64, '0')}`;

describe.runIf(process.getuid?.() === 0)('a volume that a pod asks for without a claim', () => {
  const open = new AsyncDisposableStack();
  let scratch: Awaited<ReturnType<typeof makeScratch>>;
  let cluster: Cluster;
  let agent: Agent;
  /** What others do right before the driver deletes a Volume. */
  let beforeDeletion: (name: string) => Promise<unknown> = async () => {};
  const before = async ({ verb, kind, name }: Call) => {
    if (verb === 'delete' && kind === 'Volume') await beforeDeletion(name);
  };
  beforeAll(async () => {
    scratch = open.use(await makeScratch());
    cluster = open.use(await openCluster(scratch.path, ['n1']));
    agent = await openAgent(cluster, 'n1', (api) => interposed(api, { before }));
    open.defer(() => agent[Symbol.asyncDispose]());
    await makePool(cluster, 'n1', '1Gi');
  }, 60_000);
  afterAll(async () => await open.disposeAsync());

  const target = (pod: string) => join(scratch.path, 'pods', pod, 'volumes/scratch/mount');
  const request = (pod: string, attributes: Record<string, string> = {}, more: object = {}) => ({
    volumeId: idOf(pod),
    targetPath: target(pod),
    volumeCapability: {
      accessMode: { mode: Mode.SINGLE_NODE_WRITER },
      accessType: { case: 'mount' as const, value: {} },
    },
    volumeContext: {
      'csi.storage.k8s.io/ephemeral': 'true',
      'csi.storage.k8s.io/pod.name': pod,
      'csi.storage.k8s.io/pod.namespace': 'shop',
      'csi.storage.k8s.io/pod.uid': '1',
      'csi.storage.k8s.io/serviceAccount.name': 'default',
      ...attributes,
    },
    ...more,
  });
  const start = async (pod: string, attributes: Record<string, string> = {}, more: object = {}) => {
    await mkdir(dirname(target(pod)), { recursive: true });
    await agent.client.node.nodePublishVolume(request(pod, attributes, more));
  };
  const end = (pod: string) => agent.client.node.nodeUnpublishVolume({ volumeId: idOf(pod), targetPath: target(pod) });
  const all = () => [...cluster.store.informer(volumes).list()];
  const nothingLeft = async () => {
    await expect.poll(all).toEqual([]);
    expect(await agent.engine.volumes.list('n1')).toEqual([]);
    expect(await readdir(join(scratch.path, 'n1/node'))).toEqual([]);
    expect((await leftovers(scratch.path)).filter((it) => !it.includes('/pools/n1'))).toEqual([]);
  };

  test('is made on its node, is seen, and goes with the pod', async () => {
    await start('a', { size: '64Mi' });
    await start('a', { size: '64Mi' });
    await writeFile(join(target('a'), 'file'), 'scratch');
    expect((await readMounts()).filter(({ target: it }) => it === target('a'))).toMatchObject([{ fsType: 'ext4' }]);
    expect(all()).toMatchObject([
      {
        metadata: { labels: { 'moorage.dev/inline': 'true' }, annotations: { 'moorage.dev/pod': 'shop/a' } },
        spec: { size: '64Mi', pool: 'n1' },
        status: { attachments: [{ node: 'n1', mode: 'ReadWrite' }] },
      },
    ]);
    const stats = { volumeId: idOf('a'), volumePath: target('a') };
    expect((await agent.client.node.nodeGetVolumeStats(stats)).usage[0]?.total).toBeGreaterThan(40n << 20n);
    await end('a');
    await end('a');
    await expect(stat(target('a'))).rejects.toMatchObject({ code: 'ENOENT' });
    await nothingLeft();
  });

  test.for([
    ['an attribute that is not known', { pool: 'n1' }, {}, /unknown parameter "pool"; known are: size, fsType/],
    ['a size that is none', { size: 'large' }, {}, /size is "large", and has to be a quantity above zero/],
    ['a size below zero', { size: '-1Gi' }, {}, /size is "-1Gi"/],
    ['a file system that is not known', { fsType: 'btrfs' }, {}, /not one of ext4, xfs/],
    [
      'raw block',
      {},
      {
        volumeCapability: {
          accessMode: { mode: Mode.SINGLE_NODE_WRITER },
          accessType: { case: 'block' as const, value: {} },
        },
      },
      /for raw block, use a claim/,
    ],
  ] as const)('is refused for %s', async ([, attributes, more, message]) => {
    await expect(start('wrong', attributes, more)).rejects.toMatchObject({
      status: status.INVALID_ARGUMENT,
      message: expect.stringMatching(message),
    });
    await nothingLeft();
  });

  test('takes no other Volume along that has come in its place', async () => {
    await start('replaced', { size: '64Mi' });
    let namesake: string | undefined;
    beforeDeletion = async (name) => {
      beforeDeletion = async () => {};
      await cluster.store.patch(volumes, { name }, { type: 'merge', body: { metadata: { finalizers: null } } });
      await cluster.store.delete(volumes, { name });
      namesake = (await cluster.store.create(volumes, volume(name, { pool: 'nowhere' }))).metadata.uid;
    };
    await expect(end('replaced')).rejects.toMatchObject({ status: status.ABORTED });
    await end('replaced');
    const [left] = all();
    expect(left?.metadata.uid).toBe(namesake);
    expect(left?.metadata.deletionTimestamp).toBeUndefined();
    const name = left?.metadata.name ?? '';
    await cluster.store.delete(volumes, { name });
    await agent.engine.volumes.delete({ pool: 'n1', name });
    await nothingLeft();
  });

  test('is refused where there is no room, with the reason, and leaves nothing', async () => {
    await expect(start('big', { size: '5Gi' })).rejects.toMatchObject({
      status: status.RESOURCE_EXHAUSTED,
      message: expect.stringMatching(/pool n1 on n1 can promise .* more, 5Gi was asked for/),
    });
    await nothingLeft();
  });

  test('stays over a restart of the agent, and goes at the next one if its pod went meanwhile', async () => {
    await start('stays', { fsType: 'xfs', size: '300Mi' });
    await start('went', { size: '64Mi' });
    await writeFile(join(target('stays'), 'file'), 'kept');
    await agent[Symbol.asyncDispose]();
    await agent.api[Symbol.asyncDispose]();
    await unmount(exec, target('went'));
    await rm(join(scratch.path, 'pods/went'), { recursive: true });
    agent = await openAgent(cluster, 'n1');
    await expect
      .poll(() => all().map(({ metadata }) => metadata.annotations?.['moorage.dev/pod']))
      .toEqual(['shop/stays']);
    await start('stays', { fsType: 'xfs', size: '300Mi' });
    expect(await readdir(target('stays'))).toEqual(['file']);
    await end('stays');
    await nothingLeft();
  });

  test('that is cut off anywhere is finished or taken away by what comes next', async () => {
    const records = join(scratch.path, 'n1/node');
    await start('cut', { size: '64Mi' });
    const [record = ''] = await readdir(records);
    const name = record.replace('.json', '');
    // As if the Volume had gone, and the agent had been killed before it removed its record.
    await cluster.store.delete(volumes, { name });
    await until(cluster.store, volumes, name, (it) => it?.metadata.deletionTimestamp !== undefined);
    await end('cut');
    await nothingLeft();
    // As if it had been killed right after it wrote the record.
    await mkdir(records, { recursive: true });
    const empty = {
      ...{ version: 1, volume: name, pool: '', staging: join(scratch.path, 'n1/inline', name), mode: 'Filesystem' },
      ...{
        readOnly: false,
        singleWriter: false,
        published: [],
        inline: { volumeId: idOf('cut'), target: target('cut') },
      },
    };
    await writeFile(join(records, record), JSON.stringify(empty));
    await end('cut');
    await nothingLeft();
  });
});
