import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { silent } from '../../lib/log.ts';
import { configMaps, leases } from '../../model/kinds/core.ts';
import { failure } from '../status.ts';
import { openKubeApi } from './kube-api.ts';
import { type ApiRequest, requests } from './requests.ts';

// What real servers do seldom: here on demand, over real sockets.
let servers = new AsyncDisposableStack();
afterEach(async () => {
  await servers.disposeAsync();
  servers = new AsyncDisposableStack();
});

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Record<string, string>;
}

async function serve(answer: (request: IncomingMessage, count: number) => Answer, tokens = ['old']) {
  const seen: IncomingMessage[] = [];
  const handle = (request: IncomingMessage, response: ServerResponse) => {
    seen.push(request);
    const { status, body, headers } = answer(request, seen.length);
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  };
  const server = createServer(handle).listen(0, '127.0.0.1');
  await once(server, 'listening');
  servers.defer(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const api = connect(port, tokens);
  servers.use(api);
  return { api, seen };
}

function connect(port: number, tokens: readonly string[] = []) {
  const all = tokens.map((token) => ({ authorization: `Bearer ${token}` }));
  return openKubeApi({
    connection: {
      server: `http://127.0.0.1:${port}`,
      namespace: 'default',
      authority: undefined,
      insecure: false,
      serverName: undefined,
      certificate: undefined,
      key: undefined,
      credentials: (rejected) => all[rejected ? all.length - 1 : 0] ?? {},
      whenAway: 'nobody is there',
    },
    log: silent,
    role: 'tested',
  });
}

const metadata = { name: 'a', namespace: 'default', resourceVersion: '1' };
const map = { apiVersion: 'v1' as const, kind: 'ConfigMap' as const, metadata };
const managed = { ...map, metadata: { ...metadata, managedFields: [{ manager: 'somebody' }] } };

test('it says who asks, and keeps no managed fields', async () => {
  const { api, seen } = await serve(() => ({ status: 200, body: managed }));
  expect(await api.get(configMaps, metadata)).toEqual(map);
  expect(seen[0]?.headers['user-agent']).toMatch(/^moorage\/\d+\.\d+\.\d+\S* \(tested\)$/);
});

test.each([429, 503])('a write that the server wants to hear later (%i) is sent again then', async (status) => {
  const busy = { status, body: failure(status, '', 'too busy'), headers: { 'retry-after': '0' } };
  const { api, seen } = await serve((_, count) => (count < 3 ? busy : { status: 201, body: map }));
  expect(await api.create(configMaps, map)).toEqual(map);
  expect(seen.map(({ method }) => method)).toEqual(['POST', 'POST', 'POST']);
});

test('a failure without a time to come back is told at once', async () => {
  const { api, seen } = await serve(() => ({ status: 500, body: failure(500, 'InternalError', 'etcd is away') }));
  await expect(api.create(configMaps, map)).rejects.toMatchObject({ code: 'internal', message: 'etcd is away' });
  expect(seen).toHaveLength(1);
});

test('an expired token is read again, and the request sent once more with the new one', async () => {
  const unauthorized = { status: 401, body: failure(401, 'Unauthorized', 'Unauthorized') };
  const answer = ({ headers }: IncomingMessage) =>
    headers.authorization === 'Bearer new' ? { status: 200, body: map } : unauthorized;
  const renewed = await serve(answer, ['old', 'new']);
  expect(await renewed.api.get(configMaps, metadata)).toEqual(map);
  const same = await serve(answer);
  await expect(same.api.get(configMaps, metadata)).rejects.toMatchObject({ code: 'permission' });
  expect(same.seen).toHaveLength(1);
});

test('leases are not held up by a burst of other requests', async () => {
  const held: (() => void)[] = [];
  let isOpen = false;
  const server = createServer((request, response) => {
    const answer = () => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(map));
    if (isOpen || request.url?.includes('/leases/')) answer();
    else held.push(answer);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  servers.defer(() => void server.close());
  const api = connect((server.address() as AddressInfo).port);
  servers.use(api);
  const burst = Array.from({ length: 100 }, () => api.get(configMaps, metadata));
  await expect.poll(() => held.length).toBe(32);
  await api.get(leases, metadata);
  expect(held).toHaveLength(32);
  isOpen = true;
  for (const answer of held) answer();
  expect(await Promise.all(burst)).toHaveLength(100);
});

test('each request is told on the channel, by verb, resource and status', async () => {
  const told: ApiRequest[] = [];
  const listen = (request: unknown) => void told.push(request as ApiRequest);
  requests.subscribe(listen);
  servers.defer(() => void requests.unsubscribe(listen));
  const { api } = await serve(({ method }) =>
    method === 'PUT' ? { status: 409, body: failure(409, 'Conflict', 'changed') } : { status: 200, body: map },
  );
  await api.get(configMaps, metadata);
  await api.patch(configMaps, metadata, { type: 'merge', body: {} }, { subresource: 'status' });
  await expect(api.update(configMaps, map)).rejects.toMatchObject({ code: 'conflict' });
  expect(told).toEqual([
    { verb: 'get', resource: 'configmaps', code: '200' },
    { verb: 'patch', resource: 'configmaps/status', code: '200' },
    { verb: 'update', resource: 'configmaps', code: '409' },
  ]);
});
