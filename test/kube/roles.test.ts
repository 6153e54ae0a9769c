import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exitCodes } from '../../src/lib/errors.ts';
import { exec } from '../../src/lib/exec.ts';
import { testRoles } from '../roles/suite.ts';
import { World } from '../roles/world.ts';
import { root } from '../support/program.ts';
import { openControlPlane } from './support/control-plane.ts';

describe.skipIf(process.getuid?.() !== 0)('the roles of a cluster, over a real API server', () => {
  let server: Awaited<ReturnType<typeof openControlPlane>>;
  beforeAll(async () => {
    server = await openControlPlane();
  });
  afterAll(() => server?.[Symbol.asyncDispose]());

  describe('as everywhere', () => {
    testRoles(async () => ({ kubeconfig: server.kubeconfig, [Symbol.asyncDispose]: async () => {} }));
  });

  test('the command line knows a cluster when it speaks to one', async () => {
    await using world = await World.open(server.kubeconfig, 'm2');
    const moorage = (...args: string[]) =>
      exec([join(root, 'bin/moorage'), ...args], {
        env: { KUBECONFIG: server.kubeconfig },
        ok: [0, exitCodes.unsupported],
      });
    expect((await moorage('status')).stdout).toContain('no controller of Moorage leads there');
    const [agent, controller] = [world.agent(), world.controller('c')];
    await Promise.all([agent.said('ready'), controller.said('leading')]);
    await world.claim('web');
    await world.bound('web', [agent, controller]);
    const { stdout } = await moorage('status');
    expect(stdout).toContain(`in the cluster at ${server.cluster.server}, with pools on`);
    expect(stdout).toMatch(/; c leads\.$/m);
    expect(stdout).toMatch(/^m2 +Ready/m);
    expect((await moorage('explain', 'pvc/web')).stdout).toContain('name it in the volumes of a Pod');
    expect((await moorage('mount', 'web', '/srv/web')).stderr).toContain('in a Kubernetes cluster pods mount claims');
    await agent.end();
    await controller.end();
  });

  test('they wait for an API server that is away at their start, and outlive one that goes for a while', async () => {
    await using world = await World.open(server.kubeconfig, 'm3');
    await server.cluster.stopApiServer();
    const [agent, controller] = [world.agent(), world.controller('c')];
    await Promise.all([agent.said(/not ready for Moorage yet/), controller.said(/not ready for Moorage yet/)]);
    await server.cluster.startApiServer();
    await Promise.all([agent.said('ready'), controller.said('leading')]);
    await world.claim('before');
    await world.bound('before', [agent, controller]);

    await server.cluster.stopApiServer('SIGKILL');
    await controller.said('leadership is lost; stopping what it led');
    expect(await agent.get('/healthz')).toMatchObject({ status: 200 });
    await server.cluster.startApiServer();
    await world.claim('after');
    await world.bound('after', [agent, controller]);
    expect([agent.hasEnded, controller.hasEnded]).toEqual([false, false]);
    await agent.end();
  });
});
