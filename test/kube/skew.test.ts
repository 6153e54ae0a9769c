import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Kind, resourceOf } from '../../src/model/kind.ts';
import * as own from '../../src/model/kinds/moorage.ts';
import type { KubeObject, ObjectMeta } from '../../src/model/object.ts';
import { nodeLabel } from '../../src/volumes/node-label.ts';
import type { RoleProcess } from '../roles/role-process.ts';
import { World } from '../roles/world.ts';
import { until } from './cluster/index.ts';
import { openControlPlane } from './support/control-plane.ts';

/** An object of the next release, which has more fields than this one knows. */
interface Newer extends KubeObject {
  spec: Readonly<Record<string, unknown>>;
  status?: Readonly<Record<string, unknown>>;
}
const moorage = { apiVersion: 'moorage.dev/v1alpha1' };
const newer = (kind: unknown) => kind as Kind<Newer>;
const pools = newer(own.pools);
const volumes = newer(own.volumes);
const snapshots = newer(own.snapshots);

/** A field of spec and of status that only the next release knows, and a condition that only it writes. */
const future = { future: 'said' };
const foreign = { type: 'Future', status: 'True', reason: 'Said', lastTransitionTime: '2026-01-01T00:00:00Z' };

describe.skipIf(process.getuid?.() !== 0)('beside a release that is newer by one', () => {
  let server: Awaited<ReturnType<typeof openControlPlane>>;
  let world: World;
  let agent: RoleProcess;
  beforeAll(async () => {
    server = await openControlPlane();
    world = await World.open(server.kubeconfig);
    await addField(pools, {}, 'spec', 'status', 'status/properties/nodes/items');
    await addField(volumes, { size: '16Mi' }, 'spec', 'status');
    await addField(snapshots, { volume: 'none' }, 'spec', 'status');
    agent = world.agent();
    await agent.said('ready');
  });
  afterAll(async () => {
    await agent?.end();
    await world?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
  });

  test('an agent works on objects that have more in them than it knows, and takes nothing out', async () => {
    await make(volumes, 'old', { pool: 'm1', size: '16Mi' }, nodeLabel('m1'));
    await becomes(volumes, 'old', {}, { phase: 'Ready', size: '16Mi' });
    await change(volumes, 'old', { spec: { size: '32Mi' } });
    await becomes(volumes, 'old', { size: '32Mi' }, { phase: 'Ready', size: '32Mi' });
    await make(snapshots, 'copy', { volume: 'old' }, nodeLabel('m1'));
    await becomes(snapshots, 'copy', {}, { phase: 'Ready', placement: { pool: 'm1' } });

    const { conditions, nodes } = await poolStatus();
    await changeStatus(pools, 'm1', {
      ...future,
      conditions: [...conditions, foreign],
      nodes: nodes.map((it) => ({ ...it, ...future })),
    });
    // It looks when the wish is another one, and writes that it has.
    const { generation } = await change(pools, 'm1', { spec: future });
    const seen = expect.objectContaining({ type: 'Ready', observedGeneration: generation });
    await becomes(pools, 'm1', {}, { nodes: [future], conditions: expect.arrayContaining([seen]) });

    for (const [kind, name] of [[snapshots, 'copy'] as const, [volumes, 'old'] as const]) {
      await world.api.delete(kind, { name });
      await until(`${name} is gone`, 20, async () => !(await world.api.get(kind, { name })));
    }
  });

  test('a controller takes nothing out either, and works with as much as an agent has said', async () => {
    await world.api.create(pools, { ...moorage, kind: 'Pool', metadata: { name: 'silent' }, spec: { node: 'm9' } });
    const { nodes } = await poolStatus();
    await changeStatus(pools, 'm1', { nodes: nodes.map(({ node, total, free }) => ({ node, total, free })) });
    const controller = world.controller('c');
    await controller.said('leading');
    await world.claim('web');
    await world.bound('web', [agent, controller]);

    await make(volumes, 'placed', { size: '16Mi' });
    await becomes(volumes, 'placed', { pool: 'm1' }, { phase: 'Ready', placement: { node: 'm1' } });
    await make(snapshots, 'taken', { volume: 'placed' });
    await becomes(snapshots, 'taken', {}, { phase: 'Ready' });
    expect([agent.hasEnded, controller.hasEnded]).toEqual([false, false]);
  });

  /** Gives a kind the new field at some places, and waits until it is served. */
  async function addField(kind: Kind<Newer>, spec: object, ...places: readonly string[]): Promise<void> {
    const patch = places.map((place) => ({
      op: 'add',
      path: `/spec/versions/0/schema/openAPIV3Schema/properties/${place}/properties/future`,
      value: { type: 'string' },
    }));
    await server.cluster.kubectl(['patch', 'crd', resourceOf(kind), '--type=json', '-p', JSON.stringify(patch)]);
    const probe = { ...moorage, kind: kind.kind, metadata: { name: 'probe' }, spec: { ...spec, ...future } };
    await until('the field is served', 20, async () => {
      return (await world.api.create(kind, probe, { dryRun: true })).spec['future'] === 'said';
    });
  }

  /** Makes an object as the next release does. No agent sees it before it has the label of its node. */
  async function make(kind: Kind<Newer>, name: string, spec: object, labels?: ObjectMeta['labels']): Promise<void> {
    await world.api.create(kind, { ...moorage, kind: kind.kind, metadata: { name }, spec: { ...spec, ...future } });
    await changeStatus(kind, name, { ...future, conditions: [foreign] });
    if (labels) await change(kind, name, { metadata: { labels } });
  }

  async function change(kind: Kind<Newer>, name: string, body: object): Promise<ObjectMeta> {
    return (await world.api.patch(kind, { name }, { type: 'merge', body })).metadata;
  }

  async function changeStatus(kind: Kind<Newer>, name: string, status: object): Promise<void> {
    await world.api.patch(kind, { name }, { type: 'merge', body: { status } }, { subresource: 'status' });
  }

  async function poolStatus() {
    const { status } = (await world.api.get(own.pools, { name: 'm1' })) ?? {};
    return { nodes: status?.nodes ?? [], conditions: status?.conditions ?? [] };
  }

  /** Waits until an object says that, beside all that the next release has said. */
  async function becomes(kind: Kind<Newer>, name: string, spec: object, status: object): Promise<void> {
    await until(`${kind.singular} ${name} is as it should be`, 20, async () => {
      const object = await world.api.get(kind, { name });
      expect(object).toMatchObject({ spec: { ...spec, ...future }, status: { ...status, ...future } });
      expect(object?.status?.['conditions']).toContainEqual(foreign);
      return true;
    });
  }
});
