import { expect, test } from 'vitest';
import { silent } from '../lib/log.ts';
import { serveHealth } from './health.ts';

test('probes say what is not well, and everything else is not there', async () => {
  let problem: string | undefined = 'the kubelet has not registered it yet';
  await using health = await serveHealth({
    host: '127.0.0.1',
    port: 0,
    log: silent,
    live: async () => ({}),
    ready: async () => ({ volumes: undefined, registration: problem }),
    metrics: async () => 'moorage_up 1\n',
  });
  const get = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${health.port}${path}`);
    return [response.status, await response.text()];
  };
  expect(await get('/healthz')).toEqual([200, 'ok\n']);
  expect(await get('/readyz?verbose')).toEqual([
    503,
    'volumes: ok\nregistration: the kubelet has not registered it yet\n',
  ]);
  problem = undefined;
  expect(await get('/readyz')).toEqual([200, 'volumes: ok\nregistration: ok\n']);
  expect(await get('/metrics')).toEqual([200, 'moorage_up 1\n']);
  expect((await get('/secrets'))[0]).toBe(404);
  await expect(
    serveHealth({
      host: '127.0.0.1',
      port: health.port,
      log: silent,
      live: async () => ({}),
      ready: async () => ({}),
      metrics: async () => '',
    }),
  ).rejects.toMatchObject({ code: 'in-use' });
});
