import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { openTemporaryApi } from '../../api/embedded/temporary.ts';
import { GetPluginCapabilitiesResponseSchema } from '../../csi/protocol/csi_pb.ts';
import { silent } from '../../lib/log.ts';
import { csiDrivers, csiNodes, nodes } from '../../model/kinds/index.ts';
import { readDriverCapabilities } from './capabilities.ts';
import type { Introduction } from './introduce.ts';
import { createRegistration, ensureDriverObject, registerNode, withEntry } from './node-registration.ts';

const entry = { name: 'a', nodeID: 'n1', topologyKeys: ['zone'] };

test('a new driver is added beside the others', () => {
  const other = { name: 'b', nodeID: 'x', topologyKeys: [] };
  expect(withEntry([other], entry)).toEqual([other, entry]);
});

test('a driver that says something else now is replaced in its place', () => {
  expect(withEntry([{ ...entry, nodeID: 'old' }], entry)).toEqual([entry]);
  expect(withEntry([{ ...entry, topologyKeys: [] }], entry)).toEqual([entry]);
  expect(withEntry([entry], { ...entry, allocatable: { count: 8 } })).toEqual([
    { ...entry, allocatable: { count: 8 } },
  ]);
});

test('nothing is written when nothing is new', () => {
  expect(withEntry([{ ...entry }], entry)).toBeUndefined();
});

test('what tells of a driver comes back when somebody deletes it', async () => {
  await using store = await openTemporaryApi();
  const { api } = store;
  const introduction: Introduction = {
    name: 'a.example.com',
    version: '1',
    capabilities: readDriverCapabilities(create(GetPluginCapabilitiesResponseSchema), undefined, undefined),
    node: { id: 'n1', maxVolumes: 0n, topology: { zone: 'z' } },
  };
  const introductions = new Map([[introduction.name, introduction]]);
  await ensureDriverObject(api, introduction);
  await registerNode(api, 'n1', introduction);
  await using registration = createRegistration({ api, node: 'n1', log: silent, introductions });
  await registration.start();
  const entries = () =>
    api
      .informer(csiNodes)
      .get({ name: 'n1' })
      ?.spec.drivers?.map(({ name }) => name);
  const label = () => api.informer(nodes).get({ name: 'n1' })?.metadata.labels?.['zone'];
  await api.delete(csiNodes, { name: 'n1' });
  await expect.poll(entries).toEqual([introduction.name]);
  await api.patch(csiNodes, { name: 'n1' }, { type: 'merge', body: { spec: { drivers: [] } } });
  await expect.poll(entries).toEqual([introduction.name]);
  await api.delete(csiDrivers, { name: introduction.name });
  await expect.poll(() => api.informer(csiDrivers).get({ name: introduction.name })).toBeDefined();
  await api.delete(nodes, { name: 'n1' });
  await expect.poll(label).toBe('z');
});
