import { expect, test } from 'vitest';
import { openTemporaryApi } from '../../api/embedded/temporary.ts';
import { silent } from '../../lib/log.ts';
import { nodes, topologyKey } from '../../model/kinds/index.ts';
import { createNodeObject, ensureNode } from './node-object.ts';

const name = 'here';

/** What clients with types ask for: a Node without one of these can't be read by them. */
const texts = [
  'architecture',
  'bootID',
  'containerRuntimeVersion',
  'kernelVersion',
  'kubeProxyVersion',
  'kubeletVersion',
  'machineID',
  'operatingSystem',
  'osImage',
  'systemUUID',
];

test('a Node says all that typed clients need, and writing it again writes nothing', async () => {
  await using store = await openTemporaryApi();
  const { api } = store;
  const node = await ensureNode(api, name);
  expect(Object.keys(node.status?.nodeInfo ?? {}).sort()).toEqual(texts);
  expect(Object.values(node.status?.nodeInfo ?? {}).every((value) => typeof value === 'string')).toBe(true);
  expect(node.status?.conditions).toMatchObject([
    { type: 'Ready', status: 'True', lastHeartbeatTime: expect.any(String), lastTransitionTime: expect.any(String) },
  ]);
  expect(node.status?.addresses?.map(({ type }) => type)).toEqual(['InternalIP', 'Hostname']);
  expect(node.status?.capacity).toMatchObject({ cpu: expect.any(String), memory: expect.stringMatching(/^\d+Ki$/) });
  const before = api.resourceVersion;
  await ensureNode(api, name);
  expect(api.resourceVersion).toBe(before);
});

test('a Node that is deleted comes back, with what Moorage noted on it; so do its labels', async () => {
  await using store = await openTemporaryApi();
  const { api } = store;
  const informer = api.informer(nodes);
  await ensureNode(api, name);
  await api.patch(
    nodes,
    { name },
    { type: 'merge', body: { metadata: { annotations: { 'moorage.dev/first-pool': 'default', other: 'x' } } } },
  );
  const uid = informer.get({ name })?.metadata.uid;
  await using controller = createNodeObject({ api, node: name, log: silent });
  await controller.start();
  await api.delete(nodes, { name });
  await expect.poll(() => informer.get({ name })?.status?.conditions?.[0]?.status).toBe('True');
  await expect
    .poll(() => informer.get({ name })?.metadata.annotations)
    .toEqual({ 'moorage.dev/first-pool': 'default' });
  expect(informer.get({ name })?.metadata.uid).not.toBe(uid);
  await api.patch(nodes, { name }, { type: 'merge', body: { metadata: { labels: { [topologyKey]: null } } } });
  await expect.poll(() => informer.get({ name })?.metadata.labels?.[topologyKey]).toBe(name);
  // The Node of another machine is nobody's here.
  await ensureNode(api, 'elsewhere');
  await api.delete(nodes, { name: 'elsewhere' });
  await api.delete(nodes, { name });
  await expect.poll(() => informer.get({ name })?.status?.conditions?.[0]?.status).toBe('True');
  expect(informer.get({ name: 'elsewhere' })).toBeUndefined();
});
