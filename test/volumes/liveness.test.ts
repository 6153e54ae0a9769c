import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type EmbeddedApi, openEmbeddedApi } from '../../src/api/embedded/embedded-api.ts';
import { heldBy, released } from '../../src/api/leader/lease-record.ts';
import { silent } from '../../src/lib/log.ts';
import { allKinds, type Lease, leases, namespaces, nodes } from '../../src/model/kinds/index.ts';
import { startHeartbeat } from '../../src/volumes/agent/heartbeat.ts';
import { Liveness } from '../../src/volumes/leader/liveness.ts';
import { makeScratch } from '../engines/local-scratch.ts';
import { setReady } from './cluster-rig.ts';

const namespace = 'moorage';
const ref = { namespace, name: 'agent-n1' };
let scratch: Awaited<ReturnType<typeof makeScratch>>;
let api: EmbeddedApi;
const open = () => Liveness.open({ api, namespace, log: silent });
const lease = (): Lease => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { ...ref, labels: { 'moorage.dev/agent': '' } },
});

beforeEach(async () => {
  scratch = await makeScratch();
  api = await openEmbeddedApi({ file: join(scratch.path, 'store.db'), log: silent, kinds: allKinds });
  await api.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  await api.create(nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1' } });
  await setReady(api, 'n1', 'True');
});
afterEach(async () => {
  await api[Symbol.asyncDispose]();
  await scratch[Symbol.asyncDispose]();
});

test('a node is of use while it is ready and its agent shows that it lives', async () => {
  using liveness = await open();
  const why = (node = 'n1') => liveness.whyNot(node);
  expect(why('n2')).toBe('there is no node n2');
  expect(why()).toBe('its agent has not reported yet');
  const heartbeat = startHeartbeat({ api, node: 'n1', namespace, log: silent });
  await expect.poll(() => why()).toBeUndefined();
  const written = await api.get(leases, ref);
  expect(written).toMatchObject({
    metadata: { labels: { 'moorage.dev/agent': '' }, ownerReferences: [{ kind: 'Node', name: 'n1' }] },
    spec: { holderIdentity: 'n1' },
  });
  await setReady(api, 'n1', 'Unknown');
  expect(why()).toBe('node n1 is not ready');
  await setReady(api, 'n1', 'True');
  await heartbeat[Symbol.asyncDispose]();
  await expect.poll(() => why()).toBe('its agent is stopped');
});

test('an agent that falls silent is missed after the time that its lease says, and heard again', async () => {
  let made = await api.create(leases, heldBy('n1', lease(), 1_000));
  using liveness = await open();
  let heard = 0;
  liveness.onChange = () => (heard += 1);
  expect(liveness.whyNot('n1')).toBeUndefined();
  await expect.poll(() => liveness.whyNot('n1')).toMatch(/^its agent has said nothing since 2/);
  expect(heard).toBe(0);
  made = await api.update(leases, heldBy('n1', made, 1_000));
  await expect.poll(() => liveness.whyNot('n1')).toBeUndefined();
  expect(heard).toBe(1);
  await api.update(leases, released(made));
  await expect.poll(() => liveness.whyNot('n1')).toBe('its agent is stopped');
});

test('a lease that ended long ago does not count, though it was never seen to end', async () => {
  await api.create(leases, heldBy('n1', lease(), 1_000, new Date(Date.now() - 60_000)));
  using liveness = await open();
  expect(liveness.whyNot('n1')).toMatch(/^its agent has said nothing since/);
});
