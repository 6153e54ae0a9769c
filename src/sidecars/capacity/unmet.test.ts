import { describe, expect, test } from 'vitest';
import { selectedNodeAnnotation } from '../../model/claims/well-known.ts';
import type { CSIStorageCapacity } from '../../model/kinds/storage.ts';
import { claimWith } from '../fixtures.ts';
import { roomsOf, waitsForNode, whyUnmet } from './unmet.ts';

const published = (
  segments: Readonly<Record<string, string>>,
  sizes: Pick<CSIStorageCapacity, 'capacity' | 'maximumVolumeSize'>,
): CSIStorageCapacity => ({
  apiVersion: 'storage.k8s.io/v1',
  kind: 'CSIStorageCapacity',
  metadata: { name: `csisc-${Object.values(segments).join('-')}`, namespace: 'moorage' },
  storageClassName: 'fast',
  nodeTopology: { matchLabels: segments },
  ...sizes,
});
const on = (node: string, maximumVolumeSize: string) => published({ node }, { capacity: '9Gi', maximumVolumeSize });
const why = (request: string, ...capacities: CSIStorageCapacity[]) =>
  whyUnmet(claimWith({ resources: { requests: { storage: request } } }), roomsOf(capacities));

describe('a claim that no node has room for', () => {
  test('is told what each node has, by name', () => {
    expect(why('500Mi', on('n2', '0'), on('n1', '412Mi'))).toBe(
      'no node has room for 500Mi: n1 has 412Mi, n2 has none',
    );
  });

  test('is told the capacity where there is no largest volume, and every part of a place', () => {
    const place = published({ zone: 'a', rack: '7' }, { capacity: '1Gi' });
    expect(why('2Gi', place)).toBe('no node has room for 2Gi: 7/a has 1Gi');
  });

  test('is told of forty nodes, and how many more there are', () => {
    const many = Array.from({ length: 100 }, (_, index) => on(`n${index}`, '1Mi'));
    expect(why('2Mi', ...many)).toMatch(/, and 60 more$/);
  });
});

test.each([
  ['one node has just enough', [on('n1', '500Mi'), on('n2', '0')]],
  ['one node says nothing', [published({ node: 'n1' }, {}), on('n2', '0')]],
  ['nothing is published', []],
])('nothing is told where %s', (_, capacities) => {
  expect(why('500Mi', ...capacities)).toBeUndefined();
});

test('a claim waits for a node until one is chosen, it has a volume, or it goes', () => {
  expect(waitsForNode(claimWith())).toBe(true);
  expect(waitsForNode({ ...claimWith(), status: { phase: 'Pending' } })).toBe(true);
  expect(waitsForNode({ ...claimWith(), status: { phase: 'Lost' } })).toBe(false);
  expect(waitsForNode(claimWith({ volumeName: 'pvc-u1' }))).toBe(false);
  expect(waitsForNode(claimWith({}, { annotations: { [selectedNodeAnnotation]: 'n1' } }))).toBe(false);
  expect(waitsForNode(claimWith({}, { deletionTimestamp: '2026-01-01T00:00:00Z' }))).toBe(false);
});
