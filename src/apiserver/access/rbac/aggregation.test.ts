import { expect, test } from 'vitest';
import type { ClusterRole } from '../../../model/kinds/index.ts';
import { aggregatedRules } from './aggregation.ts';

const rule = (resource: string) => ({ verbs: ['get'], apiGroups: [''], resources: [resource] });

function role(
  name: string,
  more: { labels?: Record<string, string>; gathers?: string; rules?: string[] },
): ClusterRole {
  const { labels, gathers, rules = [] } = more;
  const selector = { matchLabels: { to: gathers ?? '' } };
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name, ...(labels && { labels }) },
    ...(gathers && { aggregationRule: { clusterRoleSelectors: [selector] } }),
    rules: rules.map(rule),
  };
}

test('a role gathers the rules of those with its labels, sorted by their names, each once', () => {
  const all = [
    role('z', { labels: { to: 'a' }, rules: ['pods', 'secrets'] }),
    role('b', { labels: { to: 'a' }, rules: ['nodes', 'pods'] }),
    role('other', { labels: { to: 'x' }, rules: ['leases'] }),
    role('a', { gathers: 'a', rules: ['events'] }),
  ];
  expect(aggregatedRules(role('a', { gathers: 'a' }), all)).toEqual(['nodes', 'pods', 'secrets'].map(rule));
});

test('what is gathered may itself gather, also in a circle, whatever the rules were before', () => {
  const all = [
    role('one', { labels: { to: 'two' }, gathers: 'one', rules: ['old'] }),
    role('two', { labels: { to: 'one' }, gathers: 'two', rules: ['older'] }),
    role('leaf', { labels: { to: 'one' }, rules: ['pods'] }),
  ];
  for (const it of all.slice(0, 2)) expect(aggregatedRules(it, all)).toEqual([rule('pods')]);
});
