import { expect, test } from 'vitest';
import { allKinds } from '../../model/kinds/index.ts';
import { reviews } from '../access/reviews.ts';
import { Discovery } from './discovery.ts';

test('discovery says the same in one answer and in many', () => {
  const discovery = new Discovery([...allKinds, ...reviews]);
  const all = [discovery.aggregated(true, 'v2'), discovery.aggregated(false, 'v2')] as {
    items: {
      metadata: { name: string };
      versions: {
        version: string;
        resources: { resource: string; verbs: string[]; subresources?: { subresource: string }[] }[];
      }[];
    }[];
  }[];
  for (const { metadata, versions } of all.flatMap(({ items }) => items)) {
    for (const { version, resources } of versions) {
      const single = discovery.resources(metadata.name, version) as { resources: { name: string; verbs: string[] }[] };
      const names = resources.flatMap(({ resource, subresources = [] }) => [
        resource,
        ...subresources.map(({ subresource }) => `${resource}/${subresource}`),
      ]);
      expect(new Set(names)).toEqual(new Set(single.resources.map(({ name }) => name)));
      for (const { resource, verbs } of resources)
        expect(single.resources.find(({ name }) => name === resource)?.verbs).toEqual(verbs);
    }
  }
  expect(discovery.group('nothing')).toBeUndefined();
  expect(discovery.resources('', 'v2')).toBeUndefined();
});
