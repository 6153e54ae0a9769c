import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { constants, type ServerHttp2Stream } from 'node:http2';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadConnection } from '../../src/api/kube/index.ts';
import { usualInFlight } from '../../src/apiserver/access/admission.ts';
import { usualTimes } from '../../src/apiserver/access/connections.ts';
import { makeCertificate } from '../../src/apiserver/credentials/certificates.ts';
import type { ServerLimits } from '../../src/apiserver/server.ts';
import { answerOf, dialHttp2, Http2Client, headersOf } from '../support/http2-client.ts';
import { flags, frame, frameTypes, headerBlock, preface, requestHeaders, uint32 } from '../support/http2-frames.ts';
import { type ServedApi, serveApi } from '../support/served-api.ts';
import { ServerUnderAttack } from './server-under-attack.ts';

const maps = '/api/v1/namespaces/default/configmaps';
const mebibyte = 1024 * 1024;
const map = (name: string, text = '') =>
  JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { text } });

let open: AsyncDisposableStack;
beforeEach(() => {
  open = new AsyncDisposableStack();
});
afterEach(async () => await open.disposeAsync());

async function serve(limits: Partial<ServerLimits> = {}): Promise<ServedApi> {
  return open.use(await serveApi(limits));
}

async function dial(served: Pick<ServedApi, 'kubeconfigFile'>, credential?: Parameters<typeof Http2Client.open>[1]) {
  return open.use(await Http2Client.open(served.kubeconfigFile, credential));
}

test('requests of every kind on one connection, beside each other, and watches among them', async () => {
  const client = await dial(await serve());
  const watch = client.begin(`${maps}?watch=true`);
  expect((await headersOf(watch))[':status']).toBe(200);
  let seen = '';
  watch.setEncoding('utf8').on('data', (piece: string) => {
    seen += piece;
  });
  const names = Array.from({ length: 100 }, (_, at) => `map-${at}`);
  const made = await Promise.all(
    names.map((name) => client.ask(maps, { method: 'POST', body: map(name, 'x'.repeat(5_000)) })),
  );
  expect(made.every(({ code }) => code === 201)).toBe(true);
  await expect.poll(() => seen.match(/"type":"ADDED"/g)?.length).toBe(100);

  const list = await client.ask(maps, { headers: { 'accept-encoding': 'gzip' } });
  expect(list.headers['content-encoding']).toBe('gzip');
  expect(JSON.parse(gunzipSync(list.raw).toString()).items).toHaveLength(100);
  const head = await client.ask(maps, { method: 'HEAD' });
  expect([head.code, head.raw.length]).toEqual([200, 0]);
  const merge = { 'content-type': 'application/merge-patch+json' };
  const patched = await client.ask(`${maps}/map-1`, { method: 'PATCH', headers: merge, body: '{"data":{"a":"b"}}' });
  expect(JSON.parse(patched.raw.toString()).data).toMatchObject({ a: 'b' });
  const page = await client.ask('/openapi/v2');
  const again = await client.ask('/openapi/v2', { headers: { 'if-none-match': String(page.headers.etag) } });
  expect([again.code, again.raw.length]).toEqual([304, 0]);
  const refused = await client.ask(maps, { method: 'POST', body: '{' });
  expect([refused.code, JSON.parse(refused.raw.toString()).reason]).toEqual([400, 'BadRequest']);
  const acting = await client.ask(maps, { headers: { 'impersonate-user': 'somebody' } });
  expect(acting.code).toBe(403);
  const large = await client.ask(maps, { method: 'POST', body: map('large', 'x'.repeat(4 * mebibyte)) });
  expect(large.code).toBe(413);
  expect((await client.ask(`${maps}/map-2`, { method: 'DELETE' })).code).toBe(200);
});

test('a body that breaks off is not taken for all of it, though it could be', async () => {
  const served = await serve();
  const client = await dial(served);
  const whole = `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: half}\ndata: {text: the first half}\n`;
  const headers = { 'content-type': 'application/yaml' };
  // Node's own client would end the body before it cancels the request.
  const socket = await dialHttp2(served.kubeconfigFile);
  open.defer(() => void socket.destroy());
  socket.resume().write(Buffer.concat([preface, frame(frameTypes.settings, flags.none, 0)]));
  const begun = headerBlock(requestHeaders('POST', maps, headers));
  socket.write(frame(frameTypes.headers, flags.endHeaders, 1, begun));
  socket.write(frame(frameTypes.data, flags.none, 1, Buffer.from(whole)));
  // By then the server has seen it.
  await client.ask(maps);
  socket.write(frame(frameTypes.reset, flags.none, 1, uint32(constants.NGHTTP2_CANCEL)));
  expect((await client.ask(maps, { method: 'POST', body: map('other') })).code).toBe(201);
  // Nor where the connection goes.
  const gone = await dial(served);
  gone.begin(maps, { method: 'POST', headers, body: whole });
  await gone.ask(maps);
  gone.socket.destroy();
  await once(gone.session, 'close');
  expect((await client.ask(`${maps}/half`)).code).toBe(404);
  // But one that ends is.
  expect((await client.ask(maps, { method: 'POST', headers, body: whole })).code).toBe(201);
});

test('a request that was taken back before it is looked at', async () => {
  const client = await dial(await serve());
  const takeBack = (message: unknown) => (message as { stream: ServerHttp2Stream }).stream.destroy();
  subscribe('http2.server.stream.start', takeBack);
  const ask = (expect: string) => client.begin(maps, { method: 'POST', headers: { expect }, body: '' });
  // Node.js would throw past everybody where it answers the first of them by itself.
  for (const gone of [ask('100-continue'), ask('something'), client.begin(maps), client.begin('/healthz')]) {
    await once(gone, 'close');
  }
  unsubscribe('http2.server.stream.start', takeBack);
  // One that is not taken back is told so, and goes on.
  const asked = ask('100-continue');
  await once(asked, 'continue');
  asked.end(map('after'));
  expect((await answerOf(asked)).code).toBe(201);
});

describe('limits', () => {
  test('are those of the client, on however many connections', async () => {
    const served = await serve({ inFlight: { ...usualInFlight, writes: { total: 2, each: 2 } } });
    const client = await dial(served);
    const slow = [1, 2].map(() => client.begin(maps, { method: 'POST', body: '{"kind":' }));
    await expect.poll(async () => (await client.ask(maps, { method: 'POST', body: map('third') })).code).toBe(429);
    expect((await served.ask(maps, { method: 'POST', body: JSON.parse(map('third')) })).code).toBe(429);
    expect((await client.ask(maps)).code).toBe(200);
    for (const stream of slow) stream.close(constants.NGHTTP2_CANCEL);
    await expect.poll(async () => (await client.ask(maps, { method: 'POST', body: map('third') })).code).toBe(201);
  });

  test('a list that nobody takes keeps no other on its connection waiting', async () => {
    const served = await serve();
    const client = await dial(served);
    for (let at = 0; at < 8; at += 1) {
      await client.ask(maps, { method: 'POST', body: map(`large-${at}`, 'x'.repeat(mebibyte)) });
    }
    const slow = client.begin(maps);
    slow.pause();
    expect((await headersOf(slow))[':status']).toBe(200);
    expect((await client.ask(`${maps}/large-1`)).raw.length).toBeGreaterThan(mebibyte);
    expect(JSON.parse(Buffer.concat(await slow.toArray()).toString()).items).toHaveLength(8);
  });

  test('a body that does not come is broken off, and the connection goes on', async () => {
    const client = await dial(await serve({ times: { ...usualTimes, headersTimeout: 500, requestTimeout: 500 } }));
    const stream = client.begin(maps, { method: 'POST', body: '{"kind":' });
    await once(stream, 'close');
    expect(stream.rstCode).toBe(constants.NGHTTP2_CANCEL);
    expect((await client.ask(maps)).code).toBe(200);
  });

  test('a connection without a request ends after a while, and one with a watch stays', async () => {
    const served = await serve({ times: { ...usualTimes, keepAliveTimeout: 300 } });
    const [idle, watching] = [await dial(served), await dial(served)];
    const watch = watching.begin(`${maps}?watch=true`);
    await headersOf(watch);
    await once(idle.session, 'close');
    expect([watching.session.closed, watch.closed]).toEqual([false, false]);
  });

  test('also one whose client does not take that, nor anything else', async () => {
    const times = { ...usualTimes, keepAliveTimeout: 2_000, farewellTimeout: 300 };
    const served = await serve({ times, connections: { total: 10, each: 1, unknown: 3 } });
    const socket = await dialHttp2(served.kubeconfigFile);
    open.defer(() => void socket.destroy());
    socket.pause().write(Buffer.concat([preface, frame(frameTypes.settings, flags.none, 0)]));
    const ask = () =>
      served.ask(maps).then(
        ({ code }) => code,
        () => 0,
      );
    expect(await ask()).toBe(0);
    await expect.poll(ask).toBe(200);
  });

  test('50 watches that do not read take no memory, and are told 410 when they read again', async () => {
    await using server = await ServerUnderAttack.start();
    const { kubeconfig } = server;
    expect((await server.ask(maps, 'POST', JSON.parse(map('large')))).code).toBe(201);
    const before = await server.memory();
    const client = await dial({ kubeconfigFile: kubeconfig });
    const watches = await Promise.all(
      Array.from({ length: 50 }, async () => {
        const watch = client.begin(`${maps}?watch=true`);
        watch.pause();
        await headersOf(watch);
        return watch;
      }),
    );
    for (let count = 1; count <= 90; count += 1) {
      const body = JSON.parse(map('large', String(count % 10).repeat(mebibyte - 100)));
      expect((await server.ask(`${maps}/large`, 'PUT', body)).code).toBe(200);
      if (count % 10 === 0) expect((await server.memory()) - before).toBeLessThan(500 * mebibyte);
    }
    const [first] = watches;
    const text = Buffer.concat((await first?.toArray()) ?? []).toString();
    expect(text).toMatch(/\{"type":"ERROR",.*"reason":"Expired".*"code":410[^\n]*\n$/s);
    expect((await server.ask(`${maps}?limit=1`)).code).toBe(200);
  });
});

describe('who asks', () => {
  test('without a certificate there is 401, the pages for all, and then no more on that connection', async () => {
    const served = await serve();
    const stranger = await dial(served, 'anonymous');
    expect((await stranger.ask('/healthz')).code).toBe(200);
    const closed = once(stranger.session, 'close');
    const refused = await stranger.ask(maps);
    expect([refused.code, JSON.parse(refused.raw.toString()).reason]).toEqual([401, 'Unauthorized']);
    await closed;
  });

  test('a connection ends with its certificate', async () => {
    const served = await serve();
    const { key: _, ...rest } = loadConnection({ kubeconfig: served.kubeconfigFile });
    expect(rest.authority).toBeDefined();
    const pem = await readFile(join(served.dir, 'pki/authority.pem'), 'utf8');
    const signer = { certificate: pem, key: pem.slice(pem.indexOf('-----BEGIN PRIVATE KEY')) };
    const begin = async (lifetime: number) => {
      const purpose = { kind: 'client', commonName: 'short', organization: 'system:masters', lifetime } as const;
      const { certificate: cert, key } = await makeCertificate(purpose, signer);
      const client = await dial(served, { cert, key });
      const watch = client.begin('/api/v1/namespaces?watch=1');
      return { client, watch, code: (await headersOf(watch))[':status'] };
    };
    // On a machine that is busy, a short time may be over before it is used.
    let begun = await begin(2_000);
    for (const lifetime of [8_000, 30_000]) if (begun.code !== 200) begun = await begin(lifetime);
    const { client, watch, code } = begun;
    expect(code).toBe(200);
    await watch.toArray();
    const closed = once(client.session, 'close');
    expect((await answerOf(client.begin(maps))).code).toBe(401);
    await closed;
  });
});

test('a server that stops ends watches in order, and its connections', async () => {
  const served = await serveApi();
  const client = await dial(served);
  const watch = client.begin('/api/v1/namespaces?watch=1');
  await headersOf(watch);
  const closed = once(client.session, 'close');
  const [, pieces] = await Promise.all([served[Symbol.asyncDispose](), watch.toArray()]);
  expect(pieces.join('')).toContain('"type":"ADDED"');
  expect(watch.rstCode).toBe(constants.NGHTTP2_NO_ERROR);
  await closed;
});
