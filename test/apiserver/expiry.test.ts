import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConnection } from '../../src/api/kube/index.ts';
import { makeCertificate } from '../../src/apiserver/credentials/certificates.ts';
import { serveApi } from '../support/served-api.ts';

test('a connection ends with its certificate: its watch ends, and what is asked then is 401', async () => {
  await using served = await serveApi();
  const { authority } = loadConnection({ kubeconfig: served.kubeconfigFile });
  const pem = await readFile(join(served.dir, 'pki/authority.pem'), 'utf8');
  const signer = { certificate: pem, key: pem.slice(pem.indexOf('-----BEGIN PRIVATE KEY')) };

  const asker = async (lifetime: number) => {
    const purpose = { kind: 'client', commonName: 'short', organization: 'system:masters', lifetime } as const;
    const { certificate: cert, key } = await makeCertificate(purpose, signer);
    const agent = new Agent({ keepAlive: true, maxSockets: 2, ca: authority, cert, key });
    return async (path: string) => {
      const asked = request(`${served.url}${path}`, { agent }).end();
      const [response] = (await once(asked, 'response')) as [IncomingMessage];
      return { response, socket: response.socket };
    };
  };
  const begin = async (lifetime: number) => {
    const ask = await asker(lifetime);
    const watch = await ask('/api/v1/namespaces?watch=1');
    const first = await ask('/api/v1/namespaces');
    await first.response.resume().toArray();
    return { ask, watch, first };
  };

  // On a machine that is busy, a short time may be over before it is used.
  let begun = await begin(2_000);
  for (const lifetime of [8_000, 30_000]) {
    if (begun.first.response.statusCode === 200) break;
    begun = await begin(lifetime);
  }
  const { ask, watch, first } = begun;
  expect([watch.response.statusCode, first.response.statusCode]).toEqual([200, 200]);
  const [text] = await watch.response.setEncoding('utf8').toArray();
  expect(text).toContain('"type":"ADDED"');

  const later = await ask('/api/v1/namespaces');
  expect([first.socket, watch.socket]).toContain(later.socket);
  expect(later.response.statusCode).toBe(401);
  // So that who has a new certificate comes with it.
  expect(later.response.headers.connection).toBe('close');
  const anew = await (await asker(-1_000))('/api/v1/namespaces');
  expect(anew.response.statusCode).toBe(401);
  for (const { response } of [later, anew]) response.resume();
});
