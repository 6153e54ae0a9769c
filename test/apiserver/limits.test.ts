import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadConnection } from '../../src/api/kube/index.ts';
import { usualInFlight } from '../../src/apiserver/access/admission.ts';
import { usualTimes } from '../../src/apiserver/access/connections.ts';
import type { ServerLimits } from '../../src/apiserver/server.ts';
import { type ServedApi, serveApi } from '../support/served-api.ts';

/** What a client may take of the server, and that others are served meanwhile. */
const maps = '/api/v1/namespaces/default/configmaps';
const map = (name: string, text = '') => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data: { text },
});
const two = { total: 2, each: 2 };
const mebibyte = 1024 * 1024;

let open: AsyncDisposableStack;
beforeEach(() => {
  open = new AsyncDisposableStack();
});
afterEach(async () => await open.disposeAsync());

async function serve(limits: Partial<ServerLimits>): Promise<ServedApi> {
  return open.use(await serveApi(limits));
}

/** A connection that says what it is told, and reads only what it is asked to. */
async function dial(served: ServedApi, text = '', anonymous = false): Promise<TLSSocket> {
  const { authority, certificate, key } = loadConnection({ kubeconfig: served.kubeconfigFile });
  const { hostname: host, port } = new URL(served.url);
  const credential = anonymous ? {} : { cert: certificate, key };
  const socket = connect({ host, port: Number(port), ca: authority, ...credential }).on('error', () => {});
  open.defer(() => void socket.destroy());
  await once(socket, 'secureConnect');
  socket.pause();
  if (text !== '') socket.write(text);
  return socket;
}

/** All that comes until the other side ends. */
async function rest(socket: TLSSocket): Promise<string> {
  let text = '';
  socket.on('data', (piece) => {
    text += piece;
  });
  socket.resume();
  await once(socket, 'close');
  return text;
}

const asking = (path: string) => `GET ${path} HTTP/1.1\r\nHost: moorage\r\n\r\n`;
const halfBody = (length: number) =>
  `POST ${maps} HTTP/1.1\r\nHost: moorage\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n{"kind":`;

/** Fills a collection so that a list of it does not fit into the buffers between the two sides. */
async function fill(served: ServedApi): Promise<void> {
  for (let at = 0; at < 12; at += 1) {
    const { code } = await served.ask(maps, { method: 'POST', body: map(`large-${at}`, 'x'.repeat(mebibyte)) });
    expect(code).toBe(201);
  }
}

describe('requests in flight', () => {
  test('writes that never end are so many at the most; reads and other clients are answered', async () => {
    const served = await serve({ inFlight: { ...usualInFlight, writes: two } });
    const slow = [await dial(served, halfBody(100)), await dial(served, halfBody(100))];
    await expect
      .poll(async () => await served.ask(maps, { method: 'POST', body: map('third') }))
      .toMatchObject({
        code: 429,
        headers: { 'retry-after': '1' },
        json: { kind: 'Status', reason: 'TooManyRequests', details: { retryAfterSeconds: 1 } },
      });
    expect((await served.ask(maps)).code).toBe(200);
    for (const socket of slow) socket.destroy();
    await expect.poll(async () => (await served.ask(maps, { method: 'POST', body: map('third') })).code).toBe(201);
  });

  test('watches', async () => {
    const served = await serve({ inFlight: { ...usualInFlight, watches: two } });
    const [first] = [
      await dial(served, asking(`${maps}?watch=true`)),
      await dial(served, asking(`${maps}?watch=true`)),
    ];
    const third = `${maps}?watch=true&timeoutSeconds=1`;
    await expect.poll(async () => (await served.ask(third)).code).toBe(429);
    first.destroy();
    await expect.poll(async () => (await served.ask(third)).code).toBe(200);
  });

  test('lists that nobody takes; the page for probes is answered always', async () => {
    const served = await serve({ inFlight: { ...usualInFlight, reads: two } });
    await fill(served);
    const slow = [await dial(served, asking(maps)), await dial(served, asking(maps))];
    await expect.poll(async () => (await served.ask(`${maps}?limit=1`)).code).toBe(429);
    expect((await served.ask('/readyz')).code).toBe(200);
    expect((await served.ask('/healthz', { anonymous: true })).code).toBe(200);
    for (const socket of slow) socket.destroy();
    await expect.poll(async () => (await served.ask(`${maps}?limit=1`)).code).toBe(200);
  });

  test('many requests on one connection, none of which is answered yet', async () => {
    const served = await serve({ inFlight: { ...usualInFlight, reads: { total: 100, each: 5 } } });
    await fill(served);
    const socket = await dial(served, asking(maps).repeat(50));
    // What is refused waits behind what is sent, so others see that the part of this client is used up.
    await expect.poll(async () => (await served.ask(`${maps}?limit=1`)).code).toBe(429);
    socket.destroy();
    await expect.poll(async () => (await served.ask(`${maps}?limit=1`)).code).toBe(200);
  });
});

describe('bytes in flight', () => {
  test('a body waits until there is room for it', async () => {
    const served = await serve({ inFlight: { ...usualInFlight, bodyBytes: { total: 1_000, each: 1_000 } } });
    const slow = await dial(served, halfBody(2 * mebibyte));
    // By then the server has seen what was sent before.
    expect((await served.ask(maps)).code).toBe(200);
    let isAnswered = false;
    const answer = served.ask(`${maps}/none`, { method: 'DELETE', body: {} }).finally(() => {
      isAnswered = true;
    });
    for (let count = 0; count < 5; count += 1) expect((await served.ask(maps)).code).toBe(200);
    expect(isAnswered).toBe(false);
    slow.destroy();
    expect((await answer).code).toBe(404);
  });

  test('a list waits until what was sent before is taken', async () => {
    const served = await serve({ inFlight: { ...usualInFlight, replyBytes: { total: mebibyte, each: mebibyte } } });
    await fill(served);
    const slow = await dial(served, asking(maps));
    await once(slow, 'readable');
    let isAnswered = false;
    const answer = served.ask(maps).finally(() => {
      isAnswered = true;
    });
    expect((await served.ask(`${maps}/none`)).code).toBe(404);
    expect(isAnswered).toBe(false);
    slow.destroy();
    expect((await answer).json.items).toHaveLength(12);
  });
});

describe('time', () => {
  const times = { ...usualTimes, headersTimeout: 500, requestTimeout: 1_000, connectionsCheckingInterval: 100 };

  test('a body that does not come: 408, and the connection is closed', async () => {
    const served = await serve({ times });
    expect(await rest(await dial(served, halfBody(100)))).toMatch(/^(HTTP\/1\.1 408 |$)/);
    expect((await served.ask(maps)).code).toBe(200);
  });

  test.each([
    ['headers that do not end', `GET ${maps} HTTP/1.1\r\nHost: moorage\r\n`],
    ['a connection that says nothing', ''],
  ])('%s', async (_what, text) => {
    const served = await serve({ times });
    expect(await rest(await dial(served, text))).toMatch(/^(HTTP\/1\.1 408 |$)/);
  });

  test('a watch goes on for longer than its request may take', async () => {
    const served = await serve({ times });
    const answer = await served.ask(`${maps}?watch=true&timeoutSeconds=3`);
    expect(answer.code).toBe(200);
  });
});

describe('connections', () => {
  test('those without a certificate can not keep out those who have one', async () => {
    const served = await serve({ connections: { total: 10, each: 10, unknown: 3 } });
    const first = await dial(served, '', true);
    const gone = once(first, 'close');
    for (let count = 0; count < 5; count += 1) await dial(served, '', true);
    first.resume();
    await gone;
    expect((await served.ask(maps)).code).toBe(200);
    expect((await served.ask('/readyz', { anonymous: true })).code).toBe(200);
  });

  test('one address has no more than its part', async () => {
    const served = await serve({ connections: { total: 10, each: 2, unknown: 3 } });
    const [first] = [await dial(served), await dial(served)];
    await expect(served.ask(maps)).rejects.toThrow();
    first.destroy();
    await expect
      .poll(
        async () =>
          await served.ask(maps).then(
            ({ code }) => code,
            () => 0,
          ),
      )
      .toBe(200);
  });
});
