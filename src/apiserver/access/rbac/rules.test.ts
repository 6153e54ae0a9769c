import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { PolicyRule } from '../../../model/kinds/index.ts';
import type { Attributes } from '../authorization.ts';
import { notCovered, ruleAllows, ruleLines } from './rules.ts';

const on = (resources: string[], verbs: string[], more: Partial<PolicyRule> = {}): PolicyRule => ({
  apiGroups: [''],
  resources,
  verbs,
  ...more,
});
const asked = (verb: string, resource: string, more: Partial<Extract<Attributes, { group: string }>> = {}) =>
  ({ verb, group: '', resource, ...more }) as const;

describe('ruleAllows', () => {
  it.each<[PolicyRule, Attributes, boolean]>([
    [on(['secrets'], ['get']), asked('get', 'secrets'), true],
    [on(['secrets'], ['get']), asked('list', 'secrets'), false],
    [on(['secrets'], ['*']), asked('list', 'secrets'), true],
    [on(['*'], ['get']), asked('get', 'pods', { subresource: 'log' }), true],
    [on(['pods'], ['get']), asked('get', 'pods', { subresource: 'log' }), false],
    [on(['pods/log'], ['get']), asked('get', 'pods', { subresource: 'log' }), true],
    [on(['pods/log'], ['get']), asked('get', 'pods'), false],
    [on(['*/log'], ['get']), asked('get', 'pods', { subresource: 'log' }), true],
    [on(['secrets'], ['get'], { apiGroups: ['apps'] }), asked('get', 'secrets'), false],
    [on(['secrets'], ['get'], { apiGroups: ['*'] }), asked('get', 'secrets', { group: 'apps' }), true],
    [on(['secrets'], ['get'], { resourceNames: ['one'] }), asked('get', 'secrets', { name: 'one' }), true],
    [on(['secrets'], ['get'], { resourceNames: ['one'] }), asked('get', 'secrets', { name: 'two' }), false],
    [on(['secrets'], ['list'], { resourceNames: ['one'] }), asked('list', 'secrets'), false],
    [{ verbs: ['get'], nonResourceURLs: ['/api/*'] }, { verb: 'get', path: '/api/v1' }, true],
    [{ verbs: ['get'], nonResourceURLs: ['/api'] }, { verb: 'get', path: '/api/v1' }, false],
    [{ verbs: ['get'], nonResourceURLs: ['*'] }, asked('get', 'secrets'), false],
    [on(['*'], ['*'], { apiGroups: ['*'] }), { verb: 'get', path: '/metrics' }, false],
  ])('of %j, %j is %s', (rule, attributes, allowed) => {
    expect(ruleAllows(rule, attributes)).toBe(allowed);
  });
});

test('who has all that is handed out may do all that it allows', () => {
  const some = (...values: string[]) => fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 3 });
  const aboutObjects = fc.record({
    verbs: some('get', 'list', '*'),
    apiGroups: some('', 'apps', '*'),
    resources: some('pods', 'pods/log', '*/log', 'secrets', '*'),
    resourceNames: fc.oneof(fc.constant<string[]>([]), some('one', 'two')),
  });
  const urls = fc.record({ verbs: some('get', '*'), nonResourceURLs: some('/api', '/api/*', '/a*', '*', '/*') });
  const rules = fc.array(fc.oneof(aboutObjects, urls), { maxLength: 4 });
  const request = fc.oneof(
    fc.record({
      verb: fc.constantFrom('get', 'list', 'watch'),
      group: fc.constantFrom('', 'apps', 'batch'),
      resource: fc.constantFrom('pods', 'secrets', 'nodes'),
      subresource: fc.constantFrom(undefined, 'log', 'status'),
      name: fc.constantFrom(undefined, 'one', 'three'),
    }),
    fc.record({ verb: fc.constantFrom('get', 'post'), path: fc.constantFrom('/api', '/api/v1', '/metrics', '/abc') }),
  );
  fc.assert(
    fc.property(rules, rules, request, (held, wanted, attributes) => {
      const allows = (all: readonly PolicyRule[]) => all.some((rule) => ruleAllows(rule, attributes));
      // What is handed out is what is held, and what the rest of the wish has that is covered.
      const missing = notCovered(held, wanted);
      if (missing.length === 0 && allows(wanted)) expect(allows(held)).toBe(true);
      if (allows(wanted)) expect(allows([...held, ...missing])).toBe(true);
      expect(notCovered([...held, ...missing], wanted)).toEqual([]);
    }),
  );
});

test('what is missing is written as Kubernetes writes it: a line for each thing, with its verbs', () => {
  const missing = notCovered([on(['secrets'], ['get'])], [on(['secrets', 'pods'], ['get', 'list'])]);
  expect(ruleLines(missing)).toEqual([
    '{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}',
    '{APIGroups:[""], Resources:["secrets"], Verbs:["list"]}',
  ]);
});
