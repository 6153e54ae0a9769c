import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { VolumeCapability_AccessMode_Mode as Mode } from '../../src/csi/protocol/csi_pb.ts';
import { connectCsi } from '../../src/csi/transport/client.ts';
import { exec } from '../../src/lib/exec.ts';
import { pools, volumes } from '../../src/model/kinds/moorage.ts';
import { unmount } from '../../src/node/mount.ts';
import { makeScratch } from '../engines/local-scratch.ts';
import { leftovers } from '../support/leftovers.ts';
import { openCluster } from '../volumes/cluster-rig.ts';
import { pool, readyPool } from '../volumes/volumes-rig.ts';

const kills = 10;
const pods = 6;
const agentProgram = join(import.meta.dirname, '../volumes/agent-process.ts');

test.runIf(process.getuid?.() === 0)(
  'an agent killed while pods with inline volumes come and go leaves none of a pod that is gone',
  async () => {
    await using scratch = await makeScratch();
    await using cluster = await openCluster(scratch.path, ['n1']);
    await cluster.store.create(pools, pool('n1', { node: 'n1', size: '1Gi', overProvisioning: 10 }));
    const start = async () => {
      const argv = [agentProgram, cluster.kubeconfig, cluster.dir, 'n1'];
      const agent = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
      await Promise.race([once(agent.stdout, 'data'), once(agent, 'exit').then(() => Promise.reject(agent.exitCode))]);
      return agent;
    };
    const target = (name: string) => join(scratch.path, 'pods', name, 'scratch/mount');
    const request = (name: string) => ({
      volumeId: `csi-${name}-${'0'.repeat(60)}`,
      targetPath: target(name),
      volumeCapability: {
        accessMode: { mode: Mode.SINGLE_NODE_WRITER },
        accessType: { case: 'mount' as const, value: {} },
      },
      volumeContext: { 'csi.storage.k8s.io/ephemeral': 'true', size: '32Mi' },
    });
    /** As a kubelet does: it makes the pod's directory, calls, and removes the directory when the volume is away. */
    const live = async (client: ReturnType<typeof connectCsi>, name: string, step: () => void) => {
      await mkdir(dirname(target(name)), { recursive: true });
      await client.node.nodePublishVolume(request(name));
      step();
      await client.node.nodeUnpublishVolume(request(name));
      step();
      await rm(join(scratch.path, 'pods', name), { recursive: true });
    };

    let agent = await start();
    await using _end = {
      async [Symbol.asyncDispose]() {
        if (agent.exitCode === null && agent.signalCode === null && agent.kill('SIGTERM')) await once(agent, 'exit');
      },
    };
    await readyPool(cluster.store, 'n1');
    const unfinished = new Set<string>();
    let finished = 0;
    for (let round = 0; round < kills; round++) {
      const client = connectCsi(join(scratch.path, 'n1/csi.sock'));
      // Each round it is killed one step later, and somewhat after that step.
      const reached = Promise.withResolvers<void>();
      let steps = 0;
      const step = () => {
        steps += 1;
        if (steps >= round) reached.resolve();
      };
      if (round === 0) reached.resolve();
      const lives = Array.from({ length: pods }, async (_, n) => {
        const name = `p${round}-${n}`;
        unfinished.add(name);
        await live(client, name, step);
        unfinished.delete(name);
        finished += 1;
      });
      const all = Promise.allSettled(lives);
      await reached.promise;
      await new Promise((resolve) => setTimeout(resolve, 25 * (round % 4)));
      agent.kill('SIGKILL');
      await once(agent, 'exit');
      await all;
      client.close();
      agent = await start();
    }
    expect(finished).toBeGreaterThan(0);
    expect(unfinished.size).toBeGreaterThan(kills);
    // Half of them the kubelet calls for again; the others went with their directories, and nobody calls.
    const client = connectCsi(join(scratch.path, 'n1/csi.sock'));
    for (const [n, name] of [...unfinished].entries()) {
      // A program that the killed agent had begun may still have the device open.
      const call = () => client.node.nodeUnpublishVolume(request(name)).then(() => 'away', String);
      if (n % 2 === 0) await expect.poll(call, { timeout: 30_000 }).toBe('away');
    }
    client.close();
    agent.kill('SIGTERM');
    await once(agent, 'exit');
    for (const name of unfinished) {
      await unmount(exec, target(name)).catch(() => {});
      await rm(join(scratch.path, 'pods', name), { recursive: true });
    }
    agent = await start();
    await expect.poll(() => cluster.store.informer(volumes).size, { timeout: 60_000 }).toBe(0);
    await expect.poll(() => readdir(join(scratch.path, 'n1/node')), { timeout: 20_000 }).toEqual([]);
    expect((await leftovers(scratch.path)).filter((it) => !it.includes('/pools/n1'))).toEqual([]);
  },
  300_000,
);
