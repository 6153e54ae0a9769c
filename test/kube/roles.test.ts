import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { generatedFiles } from '../../scripts/reference.ts';
import { type ServerUnderTest, testRoles } from '../roles/suite.ts';
import { World } from '../roles/world.ts';
import { type Cluster, startControlPlane } from './cluster/index.ts';

/** A control plane of its own, with Moorage's kinds. */
async function openControlPlane(): Promise<ServerUnderTest & { readonly cluster: Cluster }> {
  await using open = new AsyncDisposableStack();
  const directory = `/var/lib/moorage-roles-${randomUUID().slice(0, 8)}`;
  const cluster = open.use(await startControlPlane({ directory }));
  const crds = [...generatedFiles().values()].filter((text) => text.includes('kind: CustomResourceDefinition'));
  const file = join(directory, 'crds.yaml');
  await writeFile(file, crds.join('\n---\n'));
  await cluster.kubectl(['apply', '--server-side', '-f', file]);
  await cluster.kubectl(['wait', '--for=condition=Established', '-f', file]);
  await rm(file);
  const owned = open.move();
  return { cluster, kubeconfig: cluster.kubeconfig, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

describe.skipIf(process.getuid?.() !== 0)('the roles of a cluster, over a real API server', () => {
  testRoles(openControlPlane);

  test('they wait for an API server that is away at their start, and outlive one that goes for a while', async () => {
    await using server = await openControlPlane();
    await using world = await World.open(server.kubeconfig);
    await server.cluster.stopApiServer();
    const [agent, controller] = [world.agent(), world.controller('c')];
    await Promise.all([agent.said(/not ready for Moorage yet/), controller.said(/not ready for Moorage yet/)]);
    await server.cluster.startApiServer();
    await Promise.all([agent.said('ready'), controller.said('leading')]);
    await world.claim('before');
    await expect.poll(() => world.phase('before'), { timeout: 20_000 }).toBe('Bound');

    await server.cluster.stopApiServer('SIGKILL');
    await controller.said('leadership is lost; stopping what it led');
    expect(await agent.get('/healthz')).toMatchObject({ status: 200 });
    await server.cluster.startApiServer();
    await world.claim('after');
    await expect.poll(() => world.phase('after'), { timeout: 30_000 }).toBe('Bound');
    expect([agent.hasEnded, controller.hasEnded]).toEqual([false, false]);
  });
});
