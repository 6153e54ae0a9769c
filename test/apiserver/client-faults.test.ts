import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Ask, type ServedApi, serveApi } from '../support/served-api.ts';

/** What a client can get wrong, and the answer, which is never 500: that is for what we got wrong. */
const maps = '/api/v1/namespaces/default/configmaps';
const secrets = '/api/v1/namespaces/default/secrets';
const claims = '/api/v1/namespaces/default/persistentvolumeclaims';
const odd = { toString: 1, valueOf: 1 };
const password = Buffer.from('correct horse').toString('base64');

let served: ServedApi;
beforeAll(async () => {
  served = await serveApi();
  await served.ask(maps, { method: 'POST', body: map({ name: 'there' }, { data: { a: 'b' } }) });
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'there' }, data: { password } };
  await served.ask(secrets, { method: 'POST', body: secret });
});
afterAll(async () => await served?.[Symbol.asyncDispose]());

function map(metadata: unknown, more: object = {}): object {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, ...more };
}

const many = (count: number, each: (at: number) => unknown) =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`key-${at}`, each(at)]));
const patch = (type: string, body: unknown): Ask => ({
  method: 'PATCH',
  headers: { 'content-type': `application/${type}+json` },
  body,
});
const put = (body: unknown): Ask => ({ method: 'PUT', body });
const post = (body: unknown): Ask => ({ method: 'POST', body });
const remove = (body: unknown): Ask => ({ method: 'DELETE', body });

describe('what stands where something else belongs', () => {
  test.each<[string, string, Ask, number]>([
    ['an object for the kind', maps, post({ ...map({ name: 'a' }), kind: odd }), 400],
    ['an object for the version', maps, post({ ...map({ name: 'a' }), apiVersion: odd }), 400],
    ['an object for the name', maps, post(map({ name: odd })), 400],
    ['an object for the name of what is there', `${maps}/there`, put(map({ name: odd })), 400],
    ['an object for a name to come', maps, post(map({ generateName: odd })), 400],
    ['an object for the namespace', maps, post(map({ name: 'a', namespace: odd })), 400],
    ['an object for the uid', `${maps}/there`, put(map({ name: 'there', uid: odd })), 400],
    ['an object for the version of a state', `${maps}/there`, put(map({ name: 'there', resourceVersion: odd })), 400],
    ['an object for finalizers', `${maps}/there`, put(map({ name: 'there', finalizers: odd })), 400],
    ['a number for finalizers', `${maps}/there`, put(map({ name: 'there', finalizers: 1 })), 400],
    ['objects for finalizers', maps, post(map({ name: 'a', finalizers: [odd] })), 400],
    ['a list for metadata', maps, post(map([])), 400],
    ['a text for labels', maps, post(map({ name: 'a', labels: 'text' })), 400],
    ['an object for a label', maps, post(map({ name: 'a', labels: { a: odd } })), 400],
    ['a list for data', maps, post(map({ name: 'a' }, { data: [] })), 400],
    ['a list for an object', maps, post([]), 400],
    ['a number for an object', maps, post('1'), 400],
    ['an object for a policy of deletion', `${maps}/there`, remove({ propagationPolicy: odd }), 400],
    ['objects for a dry run', `${maps}/there`, remove({ dryRun: [odd] }), 400],
    ['merged: an object for the name', `${maps}/there`, patch('merge-patch', { metadata: { name: odd } }), 400],
    ['merged: a text for metadata', `${maps}/there`, patch('merge-patch', { metadata: 'text' }), 400],
    ['merged: an object for the uid', `${maps}/there`, patch('merge-patch', { metadata: { uid: odd } }), 422],
    ['merged: a number for finalizers', `${maps}/there`, patch('merge-patch', { metadata: { finalizers: 1 } }), 422],
    ['merged: a text for the patch', `${maps}/there`, patch('merge-patch', '"text"'), 400],
    ['strategic: inherited names', `${maps}/there`, patch('strategic-merge-patch', { constructor: [1] }), 200],
    [
      'strategic: elements that are none',
      `${maps}/there`,
      patch('strategic-merge-patch', { metadata: { ownerReferences: [1] } }),
      400,
    ],
    [
      'strategic: an object for an order',
      `${maps}/there`,
      patch('strategic-merge-patch', { '$setElementOrder/data': odd, data: { a: 'c' } }),
      200,
    ],
    ['strategic: a directive that is none', `${maps}/there`, patch('strategic-merge-patch', { $patch: odd }), 400],
    ['JSON patch: a bad pointer', `${maps}/there`, patch('json-patch', [{ op: 'add', path: 'data', value: 1 }]), 422],
    ['JSON patch: no list', `${maps}/there`, patch('json-patch', odd), 400],
    ['JSON patch: an object for a pointer', `${maps}/there`, patch('json-patch', [{ op: 'add', path: odd }]), 400],
    ['JSON patch: no name left', `${maps}/there`, patch('json-patch', [{ op: 'remove', path: '/metadata/name' }]), 400],
    ['JSON patch: another root', `${maps}/there`, patch('json-patch', [{ op: 'replace', path: '', value: [] }]), 400],
    [
      'an object for a quantity',
      claims,
      post({
        metadata: { name: 'a' },
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: odd } } },
      }),
      400,
    ],
    [
      'a million digits for a quantity',
      claims,
      post({
        metadata: { name: 'a' },
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '9'.repeat(1_000_000) } } },
      }),
      400,
    ],
    [
      'an object for a verb',
      '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
      post({ spec: { nonResourceAttributes: { path: '/', verb: odd } } }),
      201,
    ],
  ])('%s', async (_what, path, ask, code) => {
    const answer = await served.ask(path, ask);
    expect(answer.code, answer.text.slice(0, 500)).toBe(code);
  });
});

describe('more of it than anybody reads', () => {
  test.each<[string, string, Ask, number]>([
    ['200,000 unknown keys', maps, post({ ...map({ name: 'unknown' }), ...many(200_000, () => 1) }), 201],
    [
      '200,000 unknown keys, strictly',
      `${maps}?fieldValidation=Strict`,
      post({ ...map({ name: 'a' }), ...many(200_000, () => 1) }),
      400,
    ],
    [
      '200,000 unknown keys in a patch',
      `${maps}/there`,
      patch(
        'merge-patch',
        many(200_000, () => 1),
      ),
      200,
    ],
    ['a key twice 200,000 times', maps, post(`{"metadata":{"name":"twice"}${',"a":1,"b":2'.repeat(100_000)}}`), 201],
    ['100,000 labels that are numbers', maps, post(map({ name: 'a', labels: many(100_000, Number) })), 400],
    ['100,000 labels that are none', maps, post(map({ name: 'a', labels: many(100_000, () => '/') })), 422],
    [
      'a million owners that are none',
      maps,
      post(`{"metadata":{"name":"a","ownerReferences":[${'{},'.repeat(999_999)}{}]}}`),
      400,
    ],
    ['a name of a million letters', maps, post(map({ name: 'a'.repeat(1_000_000) })), 422],
    ['a kind of a million letters', maps, post({ kind: 'a'.repeat(1_000_000) }), 400],
    [
      'YAML of a million parts',
      maps,
      { ...post('}'.repeat(1_000_000)), headers: { 'content-type': 'application/yaml' } },
      400,
    ],
    ['a selector of 5,000 terms', `${maps}?labelSelector=${'a,'.repeat(5_000)}b`, {}, 400],
    [
      'a page of a list that no server gave',
      `${maps}?continue=${Buffer.from('{"version":1e99,"key":""}').toString('base64url')}`,
      {},
      400,
    ],
  ])('%s: a short answer', async (_what, path, ask, code) => {
    const answer = await served.ask(path, ask);
    expect(answer.code, answer.text.slice(0, 500)).toBe(code);
    expect(answer.text.length).toBeLessThan(100_000);
    expect(String(answer.headers['warning'] ?? '').length).toBeLessThan(8_000);
  });
});

test('what is secret is not in a refusal', async () => {
  const there = `${secrets}/there`;
  for (const ask of [
    patch('json-patch', [{ op: 'test', path: '/data/password', value: 'other' }]),
    patch('json-patch', [{ op: 'test', path: '', value: {} }]),
    patch('merge-patch', { data: { password: [password] } }),
    patch('merge-patch', { data: password }),
    patch('merge-patch', { stringData: { password: { a: password } } }),
    patch('merge-patch', { data: { password: `${password}!` } }),
    patch('strategic-merge-patch', { type: 'other' }),
  ]) {
    const answer = await served.ask(there, ask);
    expect(answer.code).toBeGreaterThanOrEqual(400);
    expect(answer.text).not.toContain(password);
  }
});
