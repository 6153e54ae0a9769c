import { expect, test } from 'vitest';
import { parseResourcePath } from './request-path.ts';

const core = { group: '', version: 'v1' };

test.each([
  ['/api/v1/pods', { ...core, resource: 'pods' }],
  ['/api/v1/pods/', { ...core, resource: 'pods' }],
  ['/api/v1/namespaces', { ...core, resource: 'namespaces' }],
  ['/api/v1/namespaces/a', { ...core, resource: 'namespaces', name: 'a' }],
  ['/api/v1/namespaces/a/status', { ...core, resource: 'namespaces', name: 'a', subresource: 'status' }],
  ['/api/v1/namespaces/a/finalize', { ...core, resource: 'namespaces', name: 'a', subresource: 'finalize' }],
  ['/api/v1/namespaces/a/secrets', { ...core, namespace: 'a', resource: 'secrets' }],
  ['/api/v1/namespaces/a/secrets/b', { ...core, namespace: 'a', resource: 'secrets', name: 'b' }],
  ['/api/v1/nodes/a/status', { ...core, resource: 'nodes', name: 'a', subresource: 'status' }],
  [
    '/apis/storage.k8s.io/v1/storageclasses/a%2Fb',
    { group: 'storage.k8s.io', version: 'v1', resource: 'storageclasses', name: 'a/b' },
  ],
  [
    '/apis/moorage.dev/v1alpha1/namespaces/a/mounts/m/status',
    { group: 'moorage.dev', version: 'v1alpha1', namespace: 'a', resource: 'mounts', name: 'm', subresource: 'status' },
  ],
])('%s', (path, expected) => {
  expect(parseResourcePath(path)).toEqual(expected);
});

test.each([
  '/',
  '/api',
  '/api/v1',
  '/apis',
  '/apis/g',
  '/apis/g/v1',
  '/version',
  '/api//pods',
  '/api/v1/pods/%zz',
  '/api/v1/pods/a/b/c',
])('%s is not about objects', (path) => {
  expect(parseResourcePath(path)).toBeUndefined();
});
