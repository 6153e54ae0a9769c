import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { VolumeCapability_AccessMode_Mode } from '../../src/csi/protocol/csi_pb.ts';
import { Registration } from '../../src/csi/protocol/pluginregistration_pb.ts';
import { connectCsi, connectGrpc } from '../../src/csi/transport/client.ts';
import { leases, persistentVolumeClaims, persistentVolumes, pools, volumes } from '../../src/model/kinds/index.ts';
import type { RoleProcess } from './role-process.ts';
import { World } from './world.ts';

/** An API server to run the roles against. */
export interface ServerUnderTest extends AsyncDisposable {
  readonly kubeconfig: string;
}

/** What `moorage controller` and `moorage agent` promise, whatever API server they work over. */
export function testRoles(open: () => Promise<ServerUnderTest>): void {
  let server: ServerUnderTest;
  let world: World;
  let agent: RoleProcess;
  const controllers: RoleProcess[] = [];

  beforeAll(async () => {
    server = await open();
    world = await World.open(server.kubeconfig);
    agent = world.agent();
    await agent.said('ready');
  });
  afterAll(async () => {
    // In order, so that nobody takes it to be there still.
    await agent?.end();
    await world?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
  });

  const bound = (name: string) => world.bound(name, [agent, ...controllers], 20);

  test('the agent gives its node a pool, and tells the kubelet of the driver', async () => {
    const pool = await world.api.get(pools, { name: 'm1' });
    expect(pool).toMatchObject({ spec: { node: 'm1', backend: 'directory' }, status: { phase: 'Ready' } });
    expect(await agent.get('/healthz')).toMatchObject({ status: 200 });
    const before = await agent.get('/readyz');
    expect(before).toMatchObject({ status: 503, text: expect.stringContaining('registration: the kubelet') });

    const registry = join(world.kubeletDir, 'plugins_registry/csi.moorage.dev-reg.sock');
    const { client: kubelet, close } = connectGrpc(registry, Registration);
    const { name, endpoint } = await kubelet.getInfo({});
    const driver = connectCsi(endpoint);
    expect((await driver.identity.getPluginInfo({})).name).toBe(name);
    expect(await driver.node.nodeGetInfo({})).toMatchObject({ nodeId: 'm1' });
    // The agent answers for its node only.
    await expect(driver.controller.createVolume({ name: 'x' })).rejects.toMatchObject({ code: 'unsupported' });
    await kubelet.notifyRegistrationStatus({ pluginRegistered: true });
    expect(await agent.get('/readyz')).toMatchObject({ status: 200 });
    driver.close();
    close();
  });

  test('a claim is bound to a volume on the node, in few requests', async () => {
    const first = world.controller('first');
    controllers.push(first);
    await first.said('leading');
    await world.claim('data');
    await bound('data');
    const claim = await world.api.get(persistentVolumeClaims, { namespace: 'default', name: 'data' });
    const name = claim?.spec.volumeName ?? '';
    expect(await world.api.get(persistentVolumes, { name })).toMatchObject({
      spec: { csi: { driver: 'csi.moorage.dev', volumeHandle: name }, claimRef: { uid: claim?.metadata.uid } },
    });
    expect(await world.api.get(volumes, { name })).toMatchObject({ spec: { pool: 'm1' }, status: { phase: 'Ready' } });
    const writes =
      /moorage_api_requests_total\{verb="(create|update|patch)",resource="(?!leases|events)[^"]*",code="20\d"\} (\d+)/g;
    const { text } = await first.get('/metrics');
    const count = [...text.matchAll(writes)].reduce((sum, [, , number]) => sum + Number(number), 0);
    expect(count).toBeGreaterThan(2);
    expect(count).toBeLessThanOrEqual(6);
  });

  test('another controller stands by, ready, and follows a killed leader within 15 s', async () => {
    const [first] = controllers;
    const second = world.controller('second');
    controllers.push(second);
    expect(await second.said('another one leads; standing by')).toMatchObject({ leader: 'first' });
    expect(await second.get('/readyz')).toMatchObject({ status: 200 });
    await first?.end('SIGKILL');
    const killed = performance.now();
    await world.claim('after-kill');
    await second.said('leading', 20);
    expect(performance.now() - killed).toBeLessThan(15_000);
    await bound('after-kill');
  });

  test('a leader that ends in order is followed at once, and leaves the Lease to others', async () => {
    const second = controllers[1];
    const third = world.controller('third');
    controllers.push(third);
    await third.said('another one leads; standing by');
    const asked = performance.now();
    expect(await second?.end('SIGTERM')).toBe(0);
    await third.said('leading');
    expect(performance.now() - asked).toBeLessThan(5_000);
    await world.claim('after-end');
    await bound('after-end');
    expect(await third.end('SIGTERM')).toBe(0);
    const lease = await world.api.get(leases, { namespace: 'moorage', name: 'moorage-controller' });
    expect(lease?.spec?.holderIdentity).toBe('');
  });

  test('with upstream sidecars the controller answers CSI, and provisions nothing by itself', async () => {
    const controller = world.controller('upstream', '--sidecars=upstream');
    await controller.said('leading');
    const driver = connectCsi(world.socket('upstream'));
    const volumeCapabilities = [
      {
        accessMode: { mode: VolumeCapability_AccessMode_Mode.SINGLE_NODE_WRITER },
        accessType: { case: 'mount' as const, value: {} },
      },
    ];
    const { volume } = await driver.controller.createVolume({
      name: 'pvc-by-others',
      capacityRange: { requiredBytes: 16n << 20n },
      volumeCapabilities,
    });
    expect(volume).toMatchObject({ volumeId: 'pvc-by-others' });
    expect(volume?.accessibleTopology[0]?.segments).toEqual({ 'topology.moorage.dev/node': 'm1' });
    await world.claim('not-ours');
    await driver.controller.deleteVolume({ volumeId: 'pvc-by-others' });
    expect(await world.api.get(volumes, { name: 'pvc-by-others' })).toBeUndefined();
    expect(await world.phase('not-ours')).toBe('Pending');
    driver.close();
    expect((await controller.get('/metrics')).text).toContain('method="CreateVolume",code="OK"');
    expect(await controller.end()).toBe(0);
    await world.api.delete(persistentVolumeClaims, { namespace: 'default', name: 'not-ours' });
  });

  test('an agent ends in order, takes its sockets along, and takes up its pool again', async () => {
    expect(await agent.end('SIGTERM')).toBe(0);
    const sockets = ['plugins_registry/csi.moorage.dev-reg.sock', 'plugins/csi.moorage.dev/csi.sock'];
    for (const socket of sockets) await expect(stat(join(world.kubeletDir, socket))).rejects.toThrow('ENOENT');
    agent = world.agent();
    await agent.said('ready');
    expect((await world.api.list(pools)).items).toHaveLength(1);
    // Killed, it leaves them, and the next one makes them anew.
    await agent.end('SIGKILL');
    for (const socket of sockets) expect((await stat(join(world.kubeletDir, socket))).isSocket()).toBe(true);
    agent = world.agent();
    await agent.said('ready');
  });
}
