import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openEmbeddedApi } from '../../src/api/embedded/embedded-api.ts';
import { type ApiServer, startApiServer } from '../../src/apiserver/index.ts';
import { VolumeCapability_AccessMode_Mode as Mode } from '../../src/csi/protocol/csi_pb.ts';
import { silent } from '../../src/lib/log.ts';
import { allKinds, namespaces } from '../../src/model/kinds/index.ts';
import { pools, volumes } from '../../src/model/kinds/moorage.ts';
import { nodeLabel } from '../../src/volumes/node-label.ts';
import { makeScratch } from '../engines/local-scratch.ts';
import { type Agent, openAgent } from '../volumes/cluster-rig.ts';
import { pool, readyPool, readyVolume, volume } from '../volumes/volumes-rig.ts';

describe.runIf(process.getuid?.() === 0)('a node whose API is away', () => {
  const open = new AsyncDisposableStack();
  let dir: string;
  let store: Awaited<ReturnType<typeof openEmbeddedApi>>;
  let server: ApiServer;
  let agent: Agent;
  const up = async (port: number) => {
    store = await openEmbeddedApi({ file: join(dir, 'store.db'), log: silent, kinds: allKinds });
    server = await startApiServer({ api: store, dir, port, log: silent });
  };
  const down = async () => {
    await server[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
  };
  beforeAll(async () => {
    dir = open.use(await makeScratch()).path;
    await up(0);
    open.defer(down);
    await store.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'moorage' } });
    await store.create(pools, pool('n1', { node: 'n1', size: '1Gi' }));
    agent = open.use(await openAgent({ kubeconfig: server.kubeconfigFile, dir }, 'n1'));
    await readyPool(store, 'n1');
    for (const name of ['used', 'new']) {
      const made = volume(name, { pool: 'n1' });
      await store.create(volumes, { ...made, metadata: { ...made.metadata, labels: nodeLabel('n1') } });
      await readyVolume(store, name);
    }
    await mkdir(join(dir, 'pods'));
  }, 60_000);
  afterAll(async () => await open.disposeAsync());

  const volumeCapability = {
    accessMode: { mode: Mode.SINGLE_NODE_WRITER },
    accessType: { case: 'mount' as const, value: {} },
  };
  const paths = (name: string) => ({
    volumeId: name,
    stagingTargetPath: join(dir, 'staging', name),
    targetPath: join(dir, 'pods', name),
    volumeCapability,
  });

  test('goes on with what is staged, says UNAVAILABLE of the rest, and ends it when the API is back', async () => {
    const { node } = agent.client;
    const used = paths('used');
    await node.nodeStageVolume(used);
    await node.nodePublishVolume(used);
    await writeFile(join(used.targetPath, 'file'), 'kept');
    await expect.poll(() => agent.api.informer(volumes).get({ name: 'used' })?.status?.attachments).toHaveLength(1);
    const { port } = server;
    await down();
    try {
      // A container that starts again, statistics, growth: all of them with what is known here.
      await node.nodeStageVolume(used);
      await node.nodePublishVolume(used);
      const at = { volumeId: 'used', volumePath: used.targetPath };
      expect((await node.nodeGetVolumeStats(at)).usage[0]?.used).toBeGreaterThan(0n);
      expect((await node.nodeExpandVolume(at)).capacityBytes).toBe(64n << 20n);
      await node.nodeUnpublishVolume(used);
      await node.nodePublishVolume(used);
      expect(await readFile(join(used.targetPath, 'file'), 'utf8')).toBe('kept');
      // Who may have a volume is for the API to say.
      const started = performance.now();
      const unavailable = expect.objectContaining({ status: status.UNAVAILABLE });
      await expect(node.nodeStageVolume(paths('new'))).rejects.toEqual(unavailable);
      await node.nodeUnpublishVolume(used);
      await expect(node.nodeUnstageVolume(used)).rejects.toEqual(unavailable);
      expect(performance.now() - started).toBeLessThan(10_000);
      await expect(stat(used.targetPath)).rejects.toMatchObject({ code: 'ENOENT' });
    } finally {
      await up(port);
    }
    await expect.poll(() => node.nodeUnstageVolume(used).then(() => 'done', String)).toBe('done');
    expect((await store.get(volumes, { name: 'used' }))?.status?.attachments).toEqual([]);
    await node.nodeUnstageVolume(paths('new'));
    expect((await store.get(volumes, { name: 'new' }))?.status?.attachments ?? []).toEqual([]);
  }, 60_000);
});
