import { expect, test } from 'vitest';
import { openTemporaryApi } from '../api/embedded/temporary.ts';
import { type Volume, volumes } from '../model/kinds/moorage.ts';
import { ensureNodeLabel, nodeAnnotation, nodeLabel } from './node-label.ts';

const key = 'topology.moorage.dev/node';
const long = `${'n'.repeat(60)}.example.org`;
const volume: Volume = {
  apiVersion: 'moorage.dev/v1alpha1',
  kind: 'Volume',
  metadata: { name: 'v' },
  spec: { size: '1Gi', mode: 'Filesystem', provisioning: 'thin' },
};

test('an object says by a label whose it is, and by an annotation too where the name is longer than a label', () => {
  expect(nodeLabel('n1')).toEqual({ [key]: 'n1' });
  expect(nodeAnnotation('n1')).toEqual({});
  expect(nodeLabel(long)[key]).toMatch(/^[0-9a-f]{63}$/);
  expect(nodeAnnotation(long)).toEqual({ [key]: long });
});

test.each(['n1', long])('both are written once, for %s', async (node) => {
  await using temporary = await openTemporaryApi();
  const { api } = temporary;
  await ensureNodeLabel(api, volumes, await api.create(volumes, volume), node);
  const marked = await api.get(volumes, { name: 'v' });
  expect(marked?.metadata).toMatchObject({ labels: nodeLabel(node) });
  expect(marked?.metadata.annotations ?? {}).toEqual(nodeAnnotation(node));
  if (marked) await ensureNodeLabel(api, volumes, marked, node);
  expect((await api.get(volumes, { name: 'v' }))?.metadata.resourceVersion).toBe(marked?.metadata.resourceVersion);
});
