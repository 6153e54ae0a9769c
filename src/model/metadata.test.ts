import { describe, expect, test } from 'vitest';
import { validateMetadata } from './metadata.ts';
import type { ObjectMeta } from './object.ts';

const check = (metadata: Partial<ObjectMeta>, old?: Partial<ObjectMeta>) =>
  validateMetadata(
    { namespaced: true, nameRule: 'subdomain', builtIn: false },
    { apiVersion: 'v1', kind: 'Thing', metadata: { name: 'data', namespace: 'default', ...metadata } },
    old && { apiVersion: 'v1', kind: 'Thing', metadata: { name: 'data', namespace: 'default', ...old } },
  ).map(({ field, message }) => `${field}: ${message}`);

describe('metadata', () => {
  test('that is right has no errors', () => {
    const labels = { app: 'db', 'example.com/tier': '', 'a.b-c_d': 'X_1.y' };
    expect(check({ labels, annotations: { 'Example.com/Note': 'any text\n' }, finalizers: ['example.com/a'] })).toEqual(
      [],
    );
  });

  test.each<[string, Partial<ObjectMeta>, string]>([
    ['no name', { name: '' }, 'metadata.name: Required value: name or generateName is required'],
    [
      'a name in capitals',
      { name: 'Data' },
      "metadata.name: Invalid value: \"Data\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
    ],
    ['a long name', { name: 'a'.repeat(254) }, 'must be no more than 253 characters'],
    ['no namespace', { namespace: '' }, 'metadata.namespace: Required value'],
    ['a namespace with dots', { namespace: 'a.b' }, 'metadata.namespace: Invalid value: "a.b": must not contain dots'],
    ['a label key without a name', { labels: { 'a/': '' } }, 'name part must be non-empty'],
    [
      'a label value with a space',
      { labels: { a: 'b c' } },
      'metadata.labels: Invalid value: "b c": a valid label must be',
    ],
    [
      'a label prefix in capitals',
      { labels: { 'A/b': '' } },
      'metadata.labels: Invalid value: "A/b": prefix part a lowercase',
    ],
    ['a label key of three parts', { labels: { 'a/b/c': '' } }, 'a qualified name must consist of'],
    [
      'large annotations',
      { annotations: { a: 'x'.repeat(262_144) } },
      'metadata.annotations: Too long: may not be more than 262144 bytes',
    ],
    [
      'a finalizer with a space',
      { finalizers: ['a b'] },
      'metadata.finalizers: Invalid value: "a b": name part must consist',
    ],
    [
      'an owner without uid',
      { ownerReferences: [{ apiVersion: 'v1', kind: 'Secret', name: 's', uid: '' }] },
      'metadata.ownerReferences.uid: Invalid value: "": must not be empty',
    ],
  ])('%s is refused', (_, metadata, message) => {
    expect(check(metadata).join('\n')).toContain(message);
  });

  test('an object on its way out takes no new finalizer, and may lose one', () => {
    const old = { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['a/b'] };
    expect(check({ finalizers: ['a/b', 'c/d'] }, old)).toEqual([
      'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"c/d"}',
    ]);
    expect(check({ finalizers: [] }, old)).toEqual([]);
  });

  test("of Kubernetes' own kinds takes only finalizers that say whose they are", () => {
    const rules = { namespaced: true, nameRule: 'subdomain', builtIn: true } as const;
    const metadata = { name: 'data', namespace: 'default', finalizers: ['orphan', 'example.com/a', 'mine'] };
    expect(validateMetadata(rules, { apiVersion: 'v1', kind: 'Secret', metadata })).toMatchObject([
      { field: 'metadata.finalizers[2]', message: expect.stringContaining('"mine": name is neither a standard') },
    ]);
  });
});
