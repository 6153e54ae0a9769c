import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type EmbeddedApi, openEmbeddedApi } from '../src/api/embedded/embedded-api.ts';
import { loadConnection } from '../src/api/kube/index.ts';
import { type ApiServer, startApiServer } from '../src/apiserver/server.ts';
import { encodeEnvelope } from '../src/apiserver/wire/protobuf/envelope.ts';
import { silent } from '../src/lib/log.ts';
import { allKinds, configMaps, leases, pools } from '../src/model/kinds/index.ts';

let dir: string;
let api: EmbeddedApi;
let server: ApiServer;

interface Answer {
  readonly code: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: what a server answers is looked at from all sides here.
  readonly json: any;
}

interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly anonymous?: boolean;
}

async function open(
  path: string,
  { method = 'GET', headers = {}, body, anonymous = false }: Ask = {},
): Promise<IncomingMessage> {
  const { authority, certificate, key } = loadConnection({ kubeconfig: server.kubeconfigFile });
  const isPlain = typeof body === 'string' || body instanceof Uint8Array || body === undefined;
  const text = isPlain ? body : JSON.stringify(body);
  return await new Promise((resolve, reject) => {
    const asked = request(`${server.url}${path}`, {
      method,
      headers: {
        ...(text === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
        ...headers,
      },
      ca: authority,
      agent: false,
      ...(anonymous ? {} : { cert: certificate, key }),
    });
    asked.once('response', resolve).once('error', reject).end(text);
  });
}

async function ask(path: string, options: Ask = {}): Promise<Answer> {
  const response = await open(path, options);
  const raw = Buffer.concat(await response.toArray());
  const text = (response.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw).toString();
  const isJson = response.headers['content-type']?.startsWith('application/json');
  return {
    code: response.statusCode ?? 0,
    headers: response.headers,
    text,
    json: isJson ? JSON.parse(text) : undefined,
  };
}

const poolsPath = '/apis/moorage.dev/v1alpha1/pools';
const mapsPath = '/api/v1/namespaces/default/configmaps';
const map = (name: string, more: object = {}) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, ...more });

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'moorage-apiserver-'));
  api = await openEmbeddedApi({ file: join(dir, 'store.db'), log: silent, kinds: allKinds });
  server = await startApiServer({ api, dir, port: 0, log: silent, metrics: async () => 'moorage_up 1\n' });
});

afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await api?.[Symbol.asyncDispose]();
  await rm(dir, { recursive: true, force: true });
});

describe('who may ask', () => {
  test.each(['/api', '/apis', '/metrics', '/openapi/v3', poolsPath, '/nothing'])(
    'without a credential %s is 401',
    async (path) => {
      const answer = await ask(path, { anonymous: true });
      expect(answer.code).toBe(401);
      expect(answer.json).toMatchObject({ kind: 'Status', status: 'Failure', reason: 'Unauthorized', code: 401 });
    },
  );

  test('a certificate of another authority is no credential', async () => {
    const { makeCertificate } = await import('../src/apiserver/credentials/certificates.ts');
    const other = await makeCertificate({ kind: 'authority', commonName: 'moorage-authority' });
    const fake = await makeCertificate(
      { kind: 'client', commonName: 'moorage-administrator', organization: 'system:masters' },
      other,
    );
    const { authority } = loadConnection({ kubeconfig: server.kubeconfigFile });
    const code = await new Promise((resolve, reject) => {
      const asked = request(`${server.url}/api`, {
        ca: authority,
        cert: fake.certificate,
        key: fake.key,
        agent: false,
      });
      asked
        .once('response', (response) => resolve(response.resume().statusCode))
        .once('error', reject)
        .end();
    });
    expect(code).toBe(401);
  });

  test('the files of the server are for its owner only', async () => {
    for (const file of ['kubeconfig', 'pki/authority.pem', 'pki/server.pem', 'pki/administrator.pem']) {
      expect((await stat(join(dir, file))).mode & 0o777, file).toBe(0o600);
    }
    const config = parse(await readFile(server.kubeconfigFile, 'utf8'));
    expect(config).toMatchObject({ 'current-context': 'moorage', contexts: [{ context: { namespace: 'default' } }] });
  });
});

describe('what is refused, and in which words', () => {
  test.each<[string, string, Ask, number, string, RegExp]>([
    ['an unknown path', '/nothing', {}, 404, 'NotFound', /could not find the requested resource/],
    ['an unknown resource', '/api/v1/widgets', {}, 404, 'NotFound', /could not find/],
    ['an unknown version', '/apis/moorage.dev/v9/pools', {}, 404, 'NotFound', /could not find/],
    [
      'a cluster kind in a namespace',
      '/apis/moorage.dev/v1alpha1/namespaces/a/pools',
      {},
      404,
      'NotFound',
      /could not find/,
    ],
    ['an unknown subresource', `${poolsPath}/a/scale`, {}, 404, 'NotFound', /could not find/],
    ['an absent object', `${mapsPath}/none`, {}, 404, 'NotFound', /^configmaps "none" not found$/],
    [
      'an update of an absent object',
      `${mapsPath}/none`,
      { method: 'PUT', body: map('none') },
      404,
      'NotFound',
      /configmaps "none" not found/,
    ],
    [
      'POST to an object',
      `${mapsPath}/a`,
      { method: 'POST', body: map('a') },
      405,
      'MethodNotAllowed',
      /does not allow/,
    ],
    ['PUT to a collection', mapsPath, { method: 'PUT', body: map('a') }, 405, 'MethodNotAllowed', /does not allow/],
    [
      'a creation without namespace',
      '/api/v1/configmaps',
      { method: 'POST', body: map('a') },
      405,
      'MethodNotAllowed',
      /does not allow/,
    ],
    [
      'an unwritable kind',
      '/api/v1/namespaces/default/pods',
      { method: 'POST', body: {} },
      405,
      'MethodNotAllowed',
      /runs no containers/,
    ],
    [
      'a form that we do not speak',
      mapsPath,
      { headers: { accept: 'text/html' } },
      406,
      'NotAcceptable',
      /application\/json/,
    ],
    [
      'a body in another form',
      mapsPath,
      { method: 'POST', body: 'x', headers: { 'content-type': 'text/plain' } },
      415,
      'UnsupportedMediaType',
      /application\/json/,
    ],
    [
      'a kind of ours in protobuf',
      poolsPath,
      { method: 'POST', body: 'k8s\0', headers: { 'content-type': 'application/vnd.kubernetes.protobuf' } },
      415,
      'UnsupportedMediaType',
      /application\/json/,
    ],
    [
      'server-side apply',
      `${poolsPath}/a`,
      { method: 'PATCH', body: {}, headers: { 'content-type': 'application/apply-patch+yaml' } },
      415,
      'UnsupportedMediaType',
      /kubectl apply without --server-side/,
    ],
    [
      'a strategic patch of our kind',
      `${poolsPath}/a`,
      { method: 'PATCH', body: {}, headers: { 'content-type': 'application/strategic-merge-patch+json' } },
      415,
      'UnsupportedMediaType',
      /merge-patch/,
    ],
    ['no JSON', mapsPath, { method: 'POST', body: '{' }, 400, 'BadRequest', /json parse error/],
    ['an empty body', mapsPath, { method: 'POST', body: '' }, 400, 'BadRequest', /it is empty/],
    [
      'another kind',
      mapsPath,
      { method: 'POST', body: { ...map('a'), kind: 'Secret' } },
      400,
      'BadRequest',
      /Secret in version "v1" cannot be handled as a ConfigMap/,
    ],
    [
      'another version',
      mapsPath,
      { method: 'POST', body: { ...map('a'), apiVersion: 'v2' } },
      400,
      'BadRequest',
      /does not match the expected API version \(v1\)/,
    ],
    [
      'another namespace',
      mapsPath,
      { method: 'POST', body: { ...map('a'), metadata: { name: 'a', namespace: 'b' } } },
      400,
      'BadRequest',
      /namespace of the provided object does not match/,
    ],
    [
      'another name',
      `${mapsPath}/a`,
      { method: 'PUT', body: map('b') },
      400,
      'BadRequest',
      /the name of the object \(b\) does not match the name on the URL \(a\)/,
    ],
    [
      'an unknown field, strictly',
      `${mapsPath}?fieldValidation=Strict`,
      { method: 'POST', body: map('a', { colour: 'red' }) },
      400,
      'BadRequest',
      /strict decoding error: unknown field "colour"/,
    ],
    [
      'a field twice, strictly',
      `${mapsPath}?fieldValidation=Strict`,
      { method: 'POST', body: '{"metadata":{"name":"a","name":"b"}}' },
      400,
      'BadRequest',
      /duplicate field "metadata.name"/,
    ],
    [
      'a field twice in YAML, strictly',
      `${mapsPath}?fieldValidation=Strict`,
      { method: 'POST', body: 'kind: ConfigMap\nkind: ConfigMap\n', headers: { 'content-type': 'application/yaml' } },
      400,
      'BadRequest',
      /duplicate field "kind"/,
    ],
    [
      'an unknown way of validation',
      `${mapsPath}?fieldValidation=Some`,
      { method: 'POST', body: map('a') },
      422,
      'Invalid',
      /fieldValidation/,
    ],
    ['an unknown dry run', `${mapsPath}?dryRun=Some`, { method: 'POST', body: map('a') }, 422, 'Invalid', /dryRun/],
    [
      'an invalid object',
      poolsPath,
      { method: 'POST', body: { metadata: { name: 'a' }, spec: { backend: 'paper' } } },
      422,
      'Invalid',
      /Pool.* "a" is invalid: spec.backend/,
    ],
    [
      'an exact version that is gone',
      `${mapsPath}?resourceVersion=1&resourceVersionMatch=Exact`,
      {},
      410,
      'Expired',
      /too old/,
    ],
    [
      'a version that is yet to come',
      `${mapsPath}?resourceVersion=999999`,
      {},
      504,
      'Timeout',
      /Too large resource version/,
    ],
    [
      'a match without a version',
      `${mapsPath}?resourceVersionMatch=Exact`,
      {},
      422,
      'Invalid',
      /resourceVersionMatch is forbidden/,
    ],
    ['a selector that is none', `${mapsPath}?labelSelector=a%3D(`, {}, 400, 'BadRequest', /selector/],
    ['a token that is none', `${mapsPath}?continue=abc`, {}, 400, 'BadRequest', /continue/],
    [
      'a watch with a selector that is none',
      `${mapsPath}?watch=1&fieldSelector=a%3Db`,
      {},
      400,
      'BadRequest',
      /not a known field selector/,
    ],
  ])('%s', async (_what, path, options, code, reason, message) => {
    const answer = await ask(path, options);
    expect(answer.json).toMatchObject({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason });
    expect(answer.code).toBe(code);
    expect(answer.json.message).toMatch(message);
  });

  test('a body that is too large', async () => {
    const body = map('a', { data: { a: 'x'.repeat(4 * 1024 * 1024) } });
    expect((await ask(mapsPath, { method: 'POST', body })).code).toBe(413);
  });

  test('an invalid object names its fields, a taken name the object', async () => {
    const invalid = await ask(poolsPath, {
      method: 'POST',
      body: { metadata: { name: 'a' }, spec: { backend: 'paper', overProvisioning: -1 } },
    });
    expect(invalid.json.details).toMatchObject({ name: 'a', group: 'moorage.dev', kind: 'Pool' });
    expect(invalid.json.details.causes.map(({ field }: { field: string }) => field)).toEqual([
      'spec.backend',
      'spec.overProvisioning',
    ]);
    expect((await ask(mapsPath, { method: 'POST', body: map('twice') })).code).toBe(201);
    expect((await ask(mapsPath, { method: 'POST', body: map('twice') })).json).toMatchObject({
      code: 409,
      reason: 'AlreadyExists',
      details: { name: 'twice', kind: 'configmaps' },
    });
  });
});

describe('writes', () => {
  test('of an old version are a conflict; a dry run writes nothing; warnings are told', async () => {
    const created = (await ask(mapsPath, { method: 'POST', body: map('w') })).json;
    const put = (body: unknown, query = '') => ask(`${mapsPath}/w${query}`, { method: 'PUT', body });
    expect((await put({ ...created, data: { a: '1' } }, '?dryRun=All')).json.data).toEqual({ a: '1' });
    expect((await ask(`${mapsPath}/w`)).json).toEqual(created);
    expect((await put({ ...created, data: { a: '1' } })).code).toBe(200);
    expect((await put({ ...created, data: { a: '2' } })).json).toMatchObject({ code: 409, reason: 'Conflict' });
    const warned = await ask(`${mapsPath}/w`, {
      method: 'PATCH',
      body: { colour: 'red' },
      headers: { 'content-type': 'application/merge-patch+json' },
    });
    expect(warned.headers['warning']).toBe('299 - "unknown field \\"colour\\""');
    const deletion = await ask(`${mapsPath}/w`, {
      method: 'DELETE',
      body: { kind: 'DeleteOptions', preconditions: { uid: 'other' } },
    });
    expect(deletion.json).toMatchObject({ code: 409, reason: 'Conflict' });
    expect((await ask(`${mapsPath}/w`, { method: 'DELETE' })).json).toMatchObject({
      kind: 'Status',
      status: 'Success',
      details: { name: 'w', uid: created.metadata.uid },
    });
  });

  test('of every kind in protobuf, and deletions with their options in it', async () => {
    const headers = { 'content-type': 'application/vnd.kubernetes.protobuf' };
    const path = '/apis/coordination.k8s.io/v1/namespaces/default/leases';
    const spec = { holderIdentity: 'a', leaseDurationSeconds: 15, renewTime: '2026-01-02T03:04:05.678901Z' };
    const body = encodeEnvelope({ metadata: { name: 'leader' }, spec }, leases);
    const created = await ask(path, { method: 'POST', body, headers });
    expect(created).toMatchObject({ code: 201, json: { kind: 'Lease', metadata: { name: 'leader' }, spec } });
    const deleteOptions = { group: 'meta.k8s.io', version: 'v1', kind: 'DeleteOptions' };
    const remove = (options: object) =>
      ask(`${path}/leader`, { method: 'DELETE', headers, body: encodeEnvelope(options, deleteOptions, 'v1') });
    expect(await remove({ preconditions: { uid: 'other' } })).toMatchObject({ code: 409 });
    expect(await remove({ dryRun: ['All'] })).toMatchObject({ code: 200 });
    expect(await remove({ preconditions: { uid: created.json.metadata.uid } })).toMatchObject({ code: 200 });
    expect((await ask(`${path}/leader`)).code).toBe(404);
    for (const [method, at] of [
      ['POST', path],
      ['DELETE', `${path}/leader`],
    ] as const) {
      const answer = await ask(at, { method, headers, body: 'k8s' });
      expect(answer.json).toMatchObject({ code: 400, reason: 'BadRequest' });
      expect(answer.json.message).toMatch(/in protobuf: it does not begin with k8s/);
    }
  });

  test('YAML in and YAML out', async () => {
    const body = 'kind: ConfigMap\nmetadata:\n  name: yaml\ndata: {a: b}\n';
    const answer = await ask(mapsPath, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/yaml', accept: 'application/yaml' },
    });
    expect(answer.code).toBe(201);
    expect(parse(answer.text)).toMatchObject({ kind: 'ConfigMap', metadata: { name: 'yaml' }, data: { a: 'b' } });
  });

  test('a collection is deleted as far as the selector goes', async () => {
    for (const name of ['d1', 'd2', 'd3'])
      await api.create(configMaps, {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name, namespace: 'default', labels: { set: name === 'd3' ? 'b' : 'a' } },
      });
    const answer = await ask(`${mapsPath}?labelSelector=set%3Da`, { method: 'DELETE' });
    expect(answer.json).toMatchObject({
      kind: 'ConfigMapList',
      items: [{ metadata: { name: 'd1' } }, { metadata: { name: 'd2' } }],
    });
    expect((await api.list(configMaps, { labelSelector: 'set' })).items.map(({ metadata }) => metadata.name)).toEqual([
      'd3',
    ]);
  });
});

describe('lists', () => {
  test('in pages that show one state, in all forms, compressed when long', async () => {
    for (let index = 0; index < 5; index += 1)
      await api.create(configMaps, {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: `p${index}`, namespace: 'default', labels: { page: 'y' } },
        data: { a: 'x'.repeat(60_000) },
      });
    const path = `${mapsPath}?labelSelector=page&limit=2`;
    const first = (await ask(path)).json;
    expect(first.metadata.remainingItemCount).toBe(3);
    await api.delete(configMaps, { namespace: 'default', name: 'p3' });
    const second = (await ask(`${path}&continue=${first.metadata.continue}`)).json;
    expect(second.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name)).toEqual(['p2', 'p3']);
    expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    const whole = await ask(`${mapsPath}?labelSelector=page`, { headers: { 'accept-encoding': 'gzip' } });
    expect(whole.headers['content-encoding']).toBe('gzip');
    expect(whole.json.items).toHaveLength(4);
    const table = await ask(`${mapsPath}?labelSelector=page`, {
      headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' },
    });
    expect(table.json).toMatchObject({ kind: 'Table', apiVersion: 'meta.k8s.io/v1' });
    expect(table.json.rows[0]).toMatchObject({
      cells: ['p0', 1, expect.stringMatching(/s$/)],
      object: { kind: 'PartialObjectMetadata', metadata: { name: 'p0' } },
    });
    expect(table.json.rows[0].object).not.toHaveProperty('data');
    const partial = await ask(`${mapsPath}?labelSelector=page`, {
      headers: { accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io' },
    });
    expect(partial.json).toMatchObject({
      kind: 'PartialObjectMetadataList',
      items: [{ metadata: { name: 'p0' } }, {}, {}, {}],
    });
  });
});

describe('watches', () => {
  async function* events(path: string) {
    const response = await open(path);
    for await (const line of createInterface({ input: response })) yield JSON.parse(line);
  }

  test('from nothing: all there is first; from a version: what came after it; to the end of its time', async () => {
    const seed = await api.create(pools, {
      apiVersion: 'moorage.dev/v1alpha1',
      kind: 'Pool',
      metadata: { name: 'seed' },
      spec: { engine: 'local', backend: 'auto', preallocate: false, overProvisioning: 1 },
    });
    const fromNothing = events(`${poolsPath}?watch=true&timeoutSeconds=2`);
    expect((await fromNothing.next()).value).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'seed' } } });
    const version = seed.metadata.resourceVersion;
    await api.patch(pools, seed.metadata, { type: 'merge', body: { metadata: { labels: { a: 'b' } } } });
    expect((await fromNothing.next()).value).toMatchObject({ type: 'MODIFIED' });
    await api.delete(pools, seed.metadata);
    expect((await fromNothing.next()).value).toMatchObject({ type: 'DELETED' });
    expect((await fromNothing.next()).done).toBe(true);
    const types: string[] = [];
    for await (const { type } of events(`${poolsPath}?watch=true&timeoutSeconds=1&resourceVersion=${version}`))
      types.push(type);
    expect(types).toEqual(['MODIFIED', 'DELETED']);
  });

  test('a list by watching ends with a mark', async () => {
    const seen: string[] = [];
    const query =
      'watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=1';
    for await (const { type, object } of events(`/api/v1/namespaces?${query}`)) {
      seen.push(type === 'BOOKMARK' ? object.metadata.annotations['k8s.io/initial-events-end'] : object.metadata.name);
    }
    expect(seen).toEqual(['default', 'kube-system', 'true']);
  });

  test('a version that is no longer there is told as 410, one that is yet to come as 504, both in the stream', async () => {
    const types = async (version: string) => {
      const seen = [];
      for await (const { type, object } of events(
        `${poolsPath}?watch=true&resourceVersion=${version}&timeoutSeconds=5`,
      ))
        seen.push([type, object.code, object.reason]);
      return seen;
    };
    expect(await types('999999')).toEqual([['ERROR', 504, 'Timeout']]);
    // A store that was opened again does not know what was in sight of a selector before.
    await server[Symbol.asyncDispose]();
    await api[Symbol.asyncDispose]();
    api = await openEmbeddedApi({ file: join(dir, 'store.db'), log: silent, kinds: allKinds });
    server = await startApiServer({ api, dir, port: 0, log: silent });
    expect(await types('1&labelSelector=a%3Db')).toEqual([['ERROR', 410, 'Expired']]);
  });
});

describe('start and stop', () => {
  test('a port in use is named, with the way out', async () => {
    const second = startApiServer({ api, dir, port: server.port, log: silent });
    await expect(second).rejects.toMatchObject({
      code: 'in-use',
      message: expect.stringMatching(new RegExp(`${server.port}.*--port`)),
    });
  });

  test('a private key that others may read is refused, and nothing is served', async () => {
    const file = join(dir, 'pki', 'administrator.pem');
    await chmod(file, 0o644);
    await expect(startApiServer({ api, dir, port: 0, log: silent })).rejects.toMatchObject({
      code: 'permission',
      message: expect.stringContaining(file),
    });
    await chmod(file, 0o600);
  });

  test('certificates are kept over a restart, and made again when they are damaged', async () => {
    const kubeconfig = await readFile(server.kubeconfigFile, 'utf8');
    const again = await startApiServer({ api, dir, port: 0, log: silent });
    await again[Symbol.asyncDispose]();
    const keyOf = (text: string) => parse(text).users[0].user['client-key-data'];
    expect(keyOf(await readFile(server.kubeconfigFile, 'utf8'))).toBe(keyOf(kubeconfig));
    await writeFile(join(dir, 'pki', 'administrator.pem'), 'nothing', { mode: 0o600 });
    const third = await startApiServer({ api, dir, port: 0, log: silent });
    await third[Symbol.asyncDispose]();
    expect(keyOf(await readFile(server.kubeconfigFile, 'utf8'))).not.toBe(keyOf(kubeconfig));
  });

  test('stopping ends watches in order', async () => {
    const other = await startApiServer({ api, dir, port: server.port + 1, log: silent }).catch(() =>
      startApiServer({ api, dir, port: 0, log: silent }),
    );
    const { authority, certificate, key } = loadConnection({ kubeconfig: other.kubeconfigFile });
    const watching = await new Promise<IncomingMessage>((resolve, reject) => {
      request(`${other.url}${poolsPath}?watch=true`, { ca: authority, cert: certificate, key })
        .once('response', resolve)
        .once('error', reject)
        .end();
    });
    const ended = watching.toArray();
    await other[Symbol.asyncDispose]();
    expect(await ended).toEqual([]);
  });
});
