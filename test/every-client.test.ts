import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadConnection } from '../src/api/kube/index.ts';
import { decodeEnvelope } from '../src/apiserver/wire/protobuf/envelope.ts';
import { configMaps, leases, nodes, volumeAttachments } from '../src/model/kinds/index.ts';
import { type ServedApi, serveApi } from './support/served-api.ts';

// What clients expect of every Kubernetes API, whoever wrote them.
let served: ServedApi;
const ask: ServedApi['ask'] = (...args) => served.ask(...args);

beforeAll(async () => {
  served = await serveApi();
});
afterAll(async () => await served?.[Symbol.asyncDispose]());

describe('without a credential', () => {
  test.each(['/healthz', '/livez', '/readyz', '/version', '/version/', '/readyz?verbose'])(
    '%s is answered',
    async (path) => {
      expect((await ask(path, { anonymous: true })).code).toBe(200);
    },
  );

  test.each(['/', '/api', '/apis', '/openapi/v2', '/openapi/v3', '/metrics', '/api/v1/nodes', '/readyz/../metrics'])(
    '%s is not',
    async (path) => {
      expect((await ask(path, { anonymous: true })).json).toMatchObject({ code: 401, reason: 'Unauthorized' });
    },
  );

  test('a credential that is not good is refused where none is needed, too', async () => {
    const answer = await ask('/healthz', { anonymous: true, headers: { authorization: 'Bearer nothing' } });
    expect(answer.json).toMatchObject({ code: 401, reason: 'Unauthorized' });
  });
});

describe('as somebody else', () => {
  const maps = '/api/v1/namespaces/default/configmaps';

  test('what they may not is refused, and nothing is written', async () => {
    const body = { kind: 'ConfigMap', metadata: { name: 'as-bob' } };
    const { json } = await ask(maps, { method: 'POST', headers: { 'Impersonate-User': 'bob' }, body });
    expect(json).toMatchObject({ code: 403, reason: 'Forbidden' });
    expect(json.message).toContain('User "bob" cannot create resource "configmaps"');
    expect((await ask(`${maps}/as-bob`)).code).toBe(404);
  });

  test.each([
    { 'impersonate-group': 'system:masters' },
    { 'Impersonate-Uid': '1' },
    { 'Impersonate-Extra-scopes': 'x' },
    { 'Impersonate-User': '' },
    { 'Impersonate-Anything': 'new' },
  ])('%j, which names nobody, is refused whatever is asked', async (headers) => {
    for (const path of ['/api/v1/nodes', '/readyz'])
      expect((await ask(path, { headers })).json).toMatchObject({ code: 400, reason: 'BadRequest' });
  });
});

describe('an update of what is not there', () => {
  const lease = (name: string, more: object = {}) => ({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name, ...more },
    spec: { holderIdentity: 'a' },
  });
  const at = (name: string) => `/apis/coordination.k8s.io/v1/namespaces/default/leases/${name}`;

  test('creates it, where Kubernetes does so', async () => {
    const created = await ask(at('new'), { method: 'PUT', body: lease('new', { resourceVersion: '1' }) });
    expect(created.code).toBe(201);
    expect(created.json.metadata).toMatchObject({ name: 'new', namespace: 'default', uid: expect.any(String) });
    const again = await ask(at('new'), { method: 'PUT', body: lease('new') });
    expect(again.code).toBe(200);
    expect(again.json.metadata.uid).toBe(created.json.metadata.uid);
    const role = { kind: 'ClusterRole', metadata: { name: 'reader' }, rules: [] };
    const path = '/apis/rbac.authorization.k8s.io/v1/clusterroles/reader';
    expect((await ask(path, { method: 'PUT', body: role })).code).toBe(201);
  });

  test('but not on trial, not of another object, and not in a namespace that is not there', async () => {
    expect((await ask(`${at('trial')}?dryRun=All`, { method: 'PUT', body: lease('trial') })).code).toBe(201);
    expect(await served.api.get(leases, { namespace: 'default', name: 'trial' })).toBeUndefined();
    const other = await ask(at('other'), { method: 'PUT', body: lease('other', { uid: 'gone' }) });
    expect(other.json).toMatchObject({ code: 409, reason: 'Conflict' });
    const nowhere = at('x').replace('default', 'nowhere');
    expect((await ask(nowhere, { method: 'PUT', body: lease('x') })).json.message).toContain('"nowhere" not found');
  });

  test('is refused for all other kinds', async () => {
    const map = { kind: 'ConfigMap', metadata: { name: 'absent' } };
    const answer = await ask('/api/v1/namespaces/default/configmaps/absent', { method: 'PUT', body: map });
    expect(answer.json).toMatchObject({ code: 404, reason: 'NotFound' });
  });
});

test('warnings are told when the write fails, too', async () => {
  const body = { kind: 'ConfigMap', metadata: { name: 'Not_A_Name' }, colour: 'red' };
  const answer = await ask('/api/v1/namespaces/default/configmaps', { method: 'POST', body });
  expect(answer.code).toBe(422);
  expect(answer.headers['warning']).toBe('299 - "unknown field \\"colour\\""');
});

describe('the form of an answer', () => {
  const maps = '/api/v1/namespaces/default/configmaps';
  const pools = '/apis/moorage.dev/v1alpha1/pools';
  const protobuf = 'application/vnd.kubernetes.protobuf';

  test.each([
    [maps, protobuf, protobuf],
    [maps, `${protobuf},application/json`, protobuf],
    [maps, `${protobuf};q=0.5,application/json`, 'application/json'],
    [maps, `${protobuf};as=PartialObjectMetadataList;g=meta.k8s.io;v=v1`, protobuf],
    [maps, `${protobuf};as=Table;g=meta.k8s.io;v=v1,application/yaml`, 'application/yaml'],
    [maps, 'text/html,*/*;q=0.8', 'application/json'],
    [maps, 'application/cbor,application/json', 'application/json'],
    [pools, `${protobuf},application/json`, 'application/json'],
    [pools, `${protobuf};as=PartialObjectMetadataList;g=meta.k8s.io;v=v1`, protobuf],
    ['/apis', protobuf, protobuf],
    ['/api', protobuf, protobuf],
    ['/apis/storage.k8s.io/v1', protobuf, protobuf],
    ['/api/v1', 'application/json', 'application/json'],
    [`${maps}/absent`, protobuf, protobuf],
    [`${maps}/absent`, 'application/yaml', 'application/json'],
  ])('of %s for "%s" is %s', async (path, accept, type) => {
    expect((await ask(path, { headers: { accept } })).headers['content-type']).toBe(type);
  });

  test.each([
    [maps, 'text/html'],
    [maps, 'application/cbor'],
    [maps, `${protobuf};as=Table;g=meta.k8s.io;v=v1`],
    [maps, 'application/json;as=Table;g=example.com;v=v1'],
    [`${maps}/absent`, 'text/html'],
    [`${maps}?watch=1`, 'application/yaml'],
    [pools, protobuf],
    [`${pools}?watch=1`, protobuf],
    ['/api', 'text/html'],
    ['/apis/storage.k8s.io/v1', 'text/html'],
  ])('of %s can\'t be "%s"', async (path, accept) => {
    const { code, text } = await ask(path, { headers: { accept } });
    expect(code).toBe(406);
    // The refusal itself is told in protobuf where that is wanted.
    expect(text).toMatch(/NotAcceptable/);
    expect(text).toMatch(/only the following media types are accepted: application\/json/);
  });

  test('is looked at before anything is done', async () => {
    const headers = { accept: 'text/html' };
    const body = { kind: 'ConfigMap', metadata: { name: 'formless' } };
    expect((await ask(maps, { method: 'POST', body, headers })).code).toBe(406);
    expect((await ask(`${maps}/formless`)).code).toBe(404);
    await ask(maps, { method: 'POST', body });
    for (const method of ['PUT', 'PATCH', 'DELETE'])
      expect((await ask(`${maps}/formless`, { method, body, headers })).code).toBe(406);
    expect((await ask(maps, { method: 'DELETE', headers })).code).toBe(406);
    expect((await ask(`${maps}/formless`)).code).toBe(200);
  });

  test('in protobuf holds the same object', async () => {
    await served.api.create(configMaps, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'both', namespace: 'default' },
      data: { a: 'ä' },
    });
    const { raw } = await ask(`${maps}/both`, { headers: { accept: protobuf } });
    const { json } = await ask(`${maps}/both`);
    expect(decodeEnvelope(raw, configMaps)).toEqual(json);
  });
});

describe('what is refused before it is read', () => {
  const maps = '/api/v1/namespaces/default/configmaps';
  const large = Buffer.from(JSON.stringify({ kind: 'ConfigMap', data: { a: 'x'.repeat(4 * 1024 * 1024) } }));

  const refused: readonly [string, string, Readonly<Record<string, string>>, number][] = [
    ['4 MiB', maps, {}, 413],
    ['what is sent where nothing is', '/api/v1/namespaces/default/nothing', {}, 404],
    ['what is of no known form', maps, { 'content-type': 'image/png' }, 415],
    ['what is answered in no known form', maps, { accept: 'image/png' }, 406],
  ];

  test.each(refused)('%s: the answer arrives where the connection ends with it', async (_what, path, headers, code) => {
    for (let count = 0; count < 3; count += 1) {
      const { json } = await ask(path, { method: 'POST', body: large, headers });
      expect(json).toMatchObject({ kind: 'Status', status: 'Failure', code });
    }
  });

  test.each(refused)('%s: the answer arrives, and the connection goes on', async (_what, path, headers, code) => {
    const { authority: ca, certificate: cert, key } = loadConnection({ kubeconfig: served.kubeconfigFile });
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ca, cert, key });
    const sockets = new Set<unknown>();
    for (const length of [{ 'content-length': large.length }, { 'transfer-encoding': 'chunked' }, {}]) {
      const type = { 'content-type': 'application/json' };
      const sent = request(`${served.url}${path}`, {
        agent,
        method: 'POST',
        headers: { ...type, ...headers, ...length },
      });
      sent.end(large);
      const [response] = (await once(sent, 'response')) as [IncomingMessage];
      sockets.add(response.socket);
      expect(JSON.parse(Buffer.concat(await response.toArray()).toString())).toMatchObject({ kind: 'Status', code });
    }
    expect(sockets.size).toBe(1);
    agent.destroy();
  });

  test('what is sent by nobody', async () => {
    for (let count = 0; count < 3; count += 1)
      expect((await ask(maps, { method: 'POST', body: large, anonymous: true })).code).toBe(401);
  });
});

describe('a bad request', () => {
  const maps = '/api/v1/namespaces/default/configmaps';

  test.each([
    ['GET', `${maps}?labelSelector=a%3D%3D%3Db`],
    ['GET', `${maps}?labelSelector=a+in+(b`],
    ['GET', `${maps}?fieldSelector=data.a%3Db`],
    ['GET', `${maps}?fieldSelector=metadata.name`],
    ['GET', `${maps}?limit=many`],
    ['GET', `${maps}?continue=anything`],
    ['GET', `${maps}?watch=1&timeoutSeconds=soon`],
    ['GET', `${maps}?timeoutSeconds=soon`],
    ['GET', `${maps}?watch=1&labelSelector=a%3D%3D%3Db`],
    ['DELETE', `${maps}/absent?gracePeriodSeconds=soon`],
    ['DELETE', `${maps}/absent`, '{"kind":"Pod","apiVersion":"v1"}'],
    ['DELETE', `${maps}/absent`, '{"gracePeriodSeconds":"soon"}'],
    ['DELETE', `${maps}/absent`, '{"propagationPolicy":7}'],
    ['DELETE', `${maps}/absent`, '{"preconditions":{"uid":7}}'],
    ['DELETE', `${maps}/absent`, '{"dryRun":"All"}'],
    ['DELETE', `${maps}/absent`, '[]'],
    ['DELETE', `${maps}/absent`, '{'],
    ['DELETE', `${maps}?labelSelector=a%3D%3D%3Db`],
    ['POST', maps, ''],
    ['POST', maps, 'null'],
    ['POST', maps, '{"kind":"ConfigMap","metadata":{"name":"a","namespace":"other"}}'],
    ['POST', maps, '{"kind":"Secret","metadata":{"name":"a"}}'],
    ['POST', maps, '{"kind":"ConfigMap","apiVersion":"v2","metadata":{"name":"a"}}'],
    ['POST', maps, '{"kind":"ConfigMap","metadata":{"name":"a"},"data":{"a":1}}'],
    ['POST', `${maps}?fieldValidation=Strict`, '{"metadata":{"name":"a"},"colour":"red"}'],
    ['POST', `${maps}?fieldValidation=Strict`, '{"metadata":{"name":"a"},"data":{},"data":{}}'],
    ['PUT', `${maps}/a`, '{"kind":"ConfigMap","metadata":{"name":"b"}}'],
    ['PUT', `${maps}/a`, '{"kind":"ConfigMap","metadata":[]}'],
    ['PATCH', `${maps}/kept`, '{"data":'],
    ['PATCH', `${maps}/kept`, '"text"'],
    ['POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', '{"kind":"Pod"}'],
    ['POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', '[]'],
    ['GET', '/api/v1/namespaces/%zz/configmaps'],
  ])('%s %s %s', async (method, path, body?: string) => {
    const headers = { 'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json' };
    await ask(maps, { method: 'POST', body: { metadata: { name: 'kept' } } });
    const answer = await ask(path, { method, body, headers: body === undefined ? {} : headers });
    expect(answer.json).toMatchObject({ kind: 'Status', status: 'Failure', code: 400, reason: 'BadRequest' });
  });
});

describe('a write of the status', () => {
  const patch = (path: string, body: object) =>
    ask(path, { method: 'PATCH', body, headers: { 'content-type': 'application/merge-patch+json' } });
  const metadata = { labels: { a: 'b' }, annotations: { c: 'd' }, finalizers: ['example.com/x'] };

  test("takes the metadata of most of Kubernetes' own kinds with it, but never the spec", async () => {
    await served.api.create(nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' } });
    const { code } = await patch('/api/v1/nodes/n/status', { metadata, spec: { unschedulable: true } });
    expect(code).toBe(200);
    const node = await served.api.get(nodes, { name: 'n' });
    expect(node?.metadata).toMatchObject(metadata);
    expect(node?.spec).toBeUndefined();
    const bad = await patch('/api/v1/nodes/n/status', { metadata: { labels: { 'not ok': 'x' } } });
    expect(bad.json).toMatchObject({ code: 422, reason: 'Invalid' });
    // The last finalizer may go this way.
    await served.api.delete(nodes, { name: 'n' });
    await patch('/api/v1/nodes/n/status', { metadata: { finalizers: null } });
    expect(await served.api.get(nodes, { name: 'n' })).toBeUndefined();
  });

  test('leaves that of attachments and of custom resources alone', async () => {
    await served.api.create(volumeAttachments, {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'VolumeAttachment',
      metadata: { name: 'va' },
      spec: { attacher: 'a', nodeName: 'n', source: { persistentVolumeName: 'p' } },
    });
    const path = '/apis/storage.k8s.io/v1/volumeattachments/va/status';
    expect((await patch(path, { metadata, status: { attached: true } })).json.status).toEqual({ attached: true });
    expect((await served.api.get(volumeAttachments, { name: 'va' }))?.metadata).not.toHaveProperty('labels');
    const pool = { kind: 'Pool', metadata: { name: 'p' }, spec: {} };
    await ask('/apis/moorage.dev/v1alpha1/pools', { method: 'POST', body: pool });
    const answer = await patch('/apis/moorage.dev/v1alpha1/pools/p/status', { metadata, status: { phase: 'Ready' } });
    expect(answer.json.metadata).not.toHaveProperty('labels');
  });
});

describe('what is not served', () => {
  const deployments = '/apis/apps/v1/namespaces/default/deployments';

  test.each([
    ['/api/v1/namespaces/default/pods', 'Pod'],
    [deployments, 'Deployment'],
    ['/apis/apps/v1/namespaces/default/statefulsets', 'StatefulSet'],
    ['/apis/apps/v1/namespaces/default/daemonsets', 'DaemonSet'],
    ['/apis/batch/v1/namespaces/default/jobs', 'Job'],
  ])('%s says what to use instead', async (path, kind) => {
    const { json } = await ask(path, { method: 'POST', body: { kind } });
    expect(json).toMatchObject({ code: 405, reason: 'MethodNotAllowed' });
    expect(json.message).toContain(`${kind} can't be written: Moorage runs no containers`);
    expect(json.message).toContain('moorage mount CLAIM PATH');
    expect((await ask(`${path}/x`)).json).toMatchObject({ code: 404, reason: 'NotFound' });
  });

  test('workloads can only be created, as clients read it: nobody lists or watches them', async () => {
    const { json } = await ask('/apis/apps/v1');
    for (const { verbs } of json.resources) expect(verbs).toEqual(['create']);
    expect((await ask('/apis/networking.k8s.io/v1')).code).toBe(404);
  });
});

describe('events are the same in both of their forms', () => {
  const core = '/api/v1/namespaces/default/events';
  const other = '/apis/events.k8s.io/v1/namespaces/default/events';
  const regarding = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', name: 'data', namespace: 'default' };

  const told = {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name: 'new' },
    eventTime: '2030-01-01T00:00:00.000000Z',
    reportingController: 'example.com/teller',
    reportingInstance: 'teller-1',
    action: 'Telling',
    reason: 'Told',
    regarding,
    note: 'something happened',
    type: 'Normal',
  };
  const older = {
    metadata: { name: 'old' },
    involvedObject: regarding,
    reason: 'Failed',
    message: 'it failed',
    type: 'Warning',
    count: 3,
    source: { component: 'moorage', host: 'n' },
    firstTimestamp: '2030-01-01T00:00:00Z',
    lastTimestamp: '2030-01-01T00:00:09Z',
    reportingComponent: 'moorage',
  };

  test('what one creates, the other reads', async () => {
    expect((await ask(other, { method: 'POST', body: told })).code).toBe(201);
    expect((await ask(core, { method: 'POST', body: older })).code).toBe(201);
    const inCore = (await ask(`${core}/new`)).json;
    expect(inCore).toMatchObject({
      apiVersion: 'v1',
      involvedObject: regarding,
      message: told.note,
      reportingComponent: told.reportingController,
      reportingInstance: told.reportingInstance,
      eventTime: told.eventTime,
    });
    expect(inCore).not.toHaveProperty('note');
    const inOther = (await ask(`${other}/old`)).json;
    expect(inOther).toMatchObject({
      apiVersion: 'events.k8s.io/v1',
      regarding,
      note: 'it failed',
      reportingController: 'moorage',
      deprecatedCount: 3,
      deprecatedSource: older.source,
      deprecatedFirstTimestamp: older.firstTimestamp,
      deprecatedLastTimestamp: older.lastTimestamp,
    });
    expect(inOther.metadata).toEqual((await ask(`${core}/old`)).json.metadata);
  });

  test('lists, selectors, tables and watches', async () => {
    const names = async (query: string) =>
      (await ask(`${other}?${query}`)).json.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name);
    expect(await names('')).toEqual(['new', 'old']);
    expect(await names('fieldSelector=regarding.name%3Ddata,type%3DWarning')).toEqual(['old']);
    expect(await names('fieldSelector=reportingController%3Dexample.com/teller')).toEqual(['new']);
    expect((await ask(`${other}?fieldSelector=involvedObject.name%3Ddata`)).code).toBe(400);
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
    const { json: table } = await ask(other, { headers: { accept } });
    expect(table.rows.map(({ cells }: { cells: string[] }) => cells[2])).toEqual(['Told', 'Failed']);
    const list = (await ask(other)).json;
    expect(list).toMatchObject({ kind: 'EventList', apiVersion: 'events.k8s.io/v1' });
    const from = list.metadata.resourceVersion;
    const patched = await ask(`${core}/old`, {
      method: 'PATCH',
      body: { count: 4 },
      headers: { 'content-type': 'application/merge-patch+json' },
    });
    expect(patched.code).toBe(200);
    const { text } = await ask(`${other}?watch=1&timeoutSeconds=1&resourceVersion=${from}`);
    const [line = ''] = text.split('\n');
    expect(JSON.parse(line)).toMatchObject({
      type: 'MODIFIED',
      object: { apiVersion: 'events.k8s.io/v1', deprecatedCount: 4, note: 'it failed' },
    });
  });

  test('patches, updates, updates that create, refusals and deletions', async () => {
    const headers = { 'content-type': 'application/merge-patch+json' };
    const series = { count: 2, lastObservedTime: '2030-01-01T00:01:00.000000Z' };
    expect((await ask(`${other}/new`, { method: 'PATCH', body: { series }, headers })).code).toBe(200);
    expect((await ask(`${core}/new`)).json.series).toEqual(series);
    const current = (await ask(`${other}/new`)).json;
    const put = (name: string, body: object) => ask(`${other}/${name}`, { method: 'PUT', body });
    expect((await put('new', { ...current, note: 'again' })).json.note).toBe('again');
    expect((await put('new', { ...current, note: 'too late' })).json).toMatchObject({ code: 409, reason: 'Conflict' });
    expect((await put('made', { ...told, metadata: { name: 'made' } })).code).toBe(201);
    const bad = await ask(other, { method: 'POST', body: { metadata: { name: 'bad' }, type: 'Loud', colour: 1 } });
    expect(bad.json).toMatchObject({ code: 422, reason: 'Invalid' });
    expect(bad.json.details.causes.map(({ field }: { field: string }) => field)).toEqual(
      expect.arrayContaining(['eventTime', 'reportingController', 'action', 'type']),
    );
    expect(bad.headers['warning']).toContain('unknown field');
    expect((await ask(`${other}/absent`)).json.message).toBe('events.events.k8s.io "absent" not found');
    expect((await ask(`${other}/made`, { method: 'DELETE' })).code).toBe(200);
    expect((await ask(`${core}/made`)).code).toBe(404);
    expect((await ask(other, { method: 'DELETE' })).code).toBe(200);
    expect((await ask(core)).json.items).toEqual([]);
  });
});
