import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ServerUnderAttack } from './server-under-attack.ts';

const maps = '/api/v1/namespaces/default/configmaps';
const mebibyte = 1024 * 1024;

let server: ServerUnderAttack;
beforeAll(async () => {
  server = await ServerUnderAttack.start();
});
afterAll(async () => await server?.[Symbol.asyncDispose]());

describe('watches that do not read', () => {
  test('take no memory, and nothing from others; one that reads again is told 410, and its watch ends', async () => {
    const map = (count: number) => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'large' },
      data: { count: String(count), text: 'x'.repeat(mebibyte - 100) },
    });
    expect((await server.ask(maps, 'POST', map(0))).code).toBe(201);
    const before = await server.memory();
    const watching = await Promise.all(
      Array.from({ length: 50 }, async () => {
        const socket = await server.connect();
        socket.write(`GET ${maps}?watch=true HTTP/1.1\r\nHost: moorage\r\n\r\n`);
        await once(socket, 'data');
        return socket.pause();
      }),
    );
    // 50 watches of 90 MiB each.
    for (let count = 1; count <= 90; count += 1) {
      const { code } = await server.ask(`${maps}/large`, 'PUT', map(count));
      expect(code).toBe(200);
      if (count % 10 === 0) expect((await server.memory()) - before).toBeLessThan(500 * mebibyte);
    }
    const [first, ...others] = watching;
    let text = '';
    first?.setEncoding('utf8').on('data', (piece: string) => {
      text = text.slice(-1_000) + piece;
    });
    first?.resume();
    await expect.poll(() => text).toMatch(/\{"type":"ERROR",.*"reason":"Expired".*"code":410.*\n\r\n0\r\n\r\n$/s);
    for (const socket of [first, ...others]) socket?.destroy();
    expect((await server.ask(`${maps}?limit=1`)).code).toBe(200);
  });
});

test('large answers and large requests follow each other on one connection', async () => {
  const map = (text: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'turns' }, data: { text } });
  expect((await server.ask(maps, 'POST', map(''))).code).toBe(201);
  for (let turn = 1; turn <= 20; turn += 1) {
    const { code, text } = await server.ask(`${maps}/turns`, 'PUT', map(String(turn).repeat(mebibyte / 2)));
    expect(code, text.slice(0, 500)).toBe(200);
  }
});
