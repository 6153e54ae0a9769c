import { describe, expect, test } from 'vitest';
import { accessibility, allowedSegments, nodeAffinity, nodeTopologies } from './topology.ts';

const nodes = ['a', 'b', 'c'].map((zone) => ({ node: `n-${zone}`, segments: { zone } }));

test("a node's topology is read from its labels, and nodes that lack one are left out", () => {
  const csiNodes = ['n1', 'n2', 'n3'].map((name) => ({
    apiVersion: 'storage.k8s.io/v1' as const,
    kind: 'CSINode' as const,
    metadata: { name },
    // As a kubelet makes it that has no driver yet.
    spec: { drivers: name === 'n3' ? null : [{ name: 'd', nodeID: name, topologyKeys: ['zone', 'rack'] }] },
  }));
  const labels: Record<string, Record<string, string>> = {
    n1: { zone: 'a', rack: '7', other: 'x' },
    n2: { zone: 'a' },
  };
  const nodeOf = (name: string) => ({
    apiVersion: 'v1' as const,
    kind: 'Node' as const,
    metadata: { name, labels: labels[name] ?? {} },
  });
  expect(nodeTopologies('d', csiNodes, nodeOf)).toEqual([{ node: 'n1', segments: { rack: '7', zone: 'a' } }]);
});

test("a class's terms allow each combination of their values", () => {
  const allowed = [
    {
      matchLabelExpressions: [
        { key: 'zone', values: ['a', 'b'] },
        { key: 'rack', values: ['1', '2'] },
      ],
    },
  ];
  expect(allowedSegments(allowed)).toEqual([
    { zone: 'a', rack: '1' },
    { zone: 'a', rack: '2' },
    { zone: 'b', rack: '1' },
    { zone: 'b', rack: '2' },
  ]);
});

describe('where a volume is to be reachable from', () => {
  const wish = { claim: 'data', selectedNode: undefined, allowed: undefined, nodes };

  test('the place of the selected node is preferred', () => {
    expect(accessibility({ ...wish, selectedNode: 'n-b' })).toEqual({
      requisite: [{ zone: 'a' }, { zone: 'b' }, { zone: 'c' }],
      preferred: [{ zone: 'b' }, { zone: 'c' }, { zone: 'a' }],
    });
  });

  test('a selected node outside the allowed places is refused', () => {
    const allowed = [{ matchLabelExpressions: [{ key: 'zone', values: ['a'] }] }];
    expect(() => accessibility({ ...wish, selectedNode: 'n-b', allowed })).toThrow('zone=b');
  });

  test('a selected node that is not known yet is waited for', () => {
    expect(() => accessibility({ ...wish, selectedNode: 'n-new' })).toThrow('does not run the driver yet');
  });

  test('without a selected node, the claims of a stateful set spread', () => {
    const first = (claim: string) => accessibility({ ...wish, claim })?.preferred[0]?.['zone'];
    expect(new Set(['data-0', 'data-1', 'data-2'].map(first)).size).toBe(3);
    expect(first('data-0')).toBe(first('data-0'));
  });

  test('a driver without nodes is asked for nothing', () => {
    expect(accessibility({ ...wish, nodes: [] })).toBeUndefined();
  });
});

test('a volume that is reachable from everywhere has no affinity', () => {
  expect(nodeAffinity([])).toBeUndefined();
  expect(nodeAffinity([{}])).toBeUndefined();
});

test('a class that names more places than there can be is refused, not unfolded', () => {
  const values = Array.from({ length: 100 }, (_, at) => `v${at}`);
  const allowed = [{ matchLabelExpressions: Array.from({ length: 20 }, (_, at) => ({ key: `k${at}`, values })) }];
  expect(() => allowedSegments(allowed)).toThrow('at most 10000 are looked at');
});
